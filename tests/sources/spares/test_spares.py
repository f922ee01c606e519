"""SPARES: weeks by region, a nation that agrees, classes that overlap; the real files."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.spares import read
from pipelines.defs.sources.spares.tables import SparesBedDay, SparesIncidence, SparesIsolate, SparesUse
from pipelines.files.text import Refused
from pipelines.simulator.workbooks import workbook
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date(2024, 12, 4)
ISOLATES = "Date_week,bacterie,region,n_res,n_tot\n"
USE = "Date_year,atb_class,region,molDDD,Nbhosp,Nblits\n"
OFFICIAL = [["bacterie", "phenotype", "qrt", "n", "Nbhosp", "di", "di_manual", "database"]]


def test_a_file_with_another_header_is_refused():
    with pytest.raises(Refused):
        rows_of(read, SparesIsolate, b"week,bug,n\n2019-01-07,x,1\n")


def test_which_file_is_which():
    names = ("res_regions", "res_hospital", "res_icu", "res_icu_regions", "res_blood_hospital")
    assert all(SparesIsolate.files.owns(f"spares/2024/{name}.csv") for name in names)
    assert SparesBedDay.files.owns("spares/bd_pmsi_icu_regions.csv")
    assert not SparesIsolate.files.owns("spares/covid_region.csv")


@given(
    st.lists(
        st.sampled_from(["2019-01-07,MRSA,Bretagne,1,4", "", "a,b", '"x', "2019-01-07,MRSA,,,", "\xa0"]), max_size=7
    )
)
def test_any_lines_are_kept_or_put_aside(lines):
    assert is_balanced(read, SparesIsolate, (ISOLATES + "".join(f"{line}\n" for line in lines)).encode())


def tables_of(spark, isolates=None, use=USE, days="Date_week,nbjh\n", official=OFFICIAL):
    given = {
        SparesIsolate: isolates or {"res_regions.csv": ISOLATES},
        SparesUse: {"atb_use_regions.csv": use},
        SparesBedDay: {"bd_pmsi_hospital.csv": days},
        SparesIncidence: {"incidence_density.xlsx": workbook(official)},
    }
    return {
        t.address(): bronze_frame(
            spark,
            t,
            read.read,
            {f"spares/{n}": (data if isinstance(data, bytes) else data.encode(), D) for n, data in files.items()},
        )
        for t, files in given.items()
    }


@pytest.mark.spark
def test_isolates_are_told_by_place_week_ward_and_criterion(spark):
    files = {
        "res_regions.csv": ISOLATES + "2019-01-07,ESBL E. coli,Île-de-France,3,98\n2019-01-07,MRSA,Atlantis,1,4\n",
        "res_icu.csv": "Date_week,bacterie,n_res,n_tot\n2019-01-07,CR P. aeruginosa,16,77\n2019-01-14,MRSA,x,9\n",
    }
    official = [*OFFICIAL, ["Staphylococcus aureus", "SARM", 2019, 8542, 45981902, 0.19, None, "SPARES"]]
    rows = united(tables_of(spark, files, official=official), "silver.isolate_count", "spares").collect()
    found = {(r["series"], r["setting"], r["region"], r["bacterium"], r["period"]): r for r in rows}
    ile = found["cohort", "hospital", "11", "Escherichia coli", "2019-01-07"]
    assert (ile["class_code"], ile["criterion"]) == ("third_generation_cephalosporins", "ESBL")
    assert (ile["n_resistant"], ile["n_tested"], ile["period_end"]) == (3, 98, dt.date(2019, 1, 13))
    icu = found["cohort", "intensive_care", "all", "Pseudomonas aeruginosa", "2019-01-07"]
    assert (icu["class_code"], icu["criterion"]) == ("carbapenems", "R")
    mrsa = found["cohort", "intensive_care", "all", "Staphylococcus aureus", "2019-01-14"]
    assert (mrsa["n_resistant"], mrsa["n_tested"]) == (None, 9)
    told = found["official", "hospital", "all", "Staphylococcus aureus", "2019"]
    assert (told["class_code"], told["n_resistant"], told["bed_days"]) == ("meticillin", 8542, 45981902.0)
    assert len(rows) == 4  # a region that is none is counted among what could not be read


@pytest.mark.spark
def test_the_whole_is_the_printed_total(spark):
    use = USE + "2019.0,Total,Bretagne,10.5,1000,30\n2019.0,Penicillins,Bretagne,7,1000,30\n"
    use += "2019.0,Third generation Cephalosporins,Bretagne,2,1000,30\n2019.0,Cephalosporins,Bretagne,3,1000,30\n"
    rows = united(
        tables_of(spark, use=use, days="Date_week,nbjh\n2019-01-07,431411\n"), "silver.hospital_use", "spares"
    ).collect()
    found = {(r["class_code"], r["period"]): (r["ddd"], r["bed_days"]) for r in rows}
    assert found == {
        ("all", "2019"): (10.5, 1000.0),
        ("penicillins", "2019"): (7.0, 1000.0),
        ("cephalosporins", "2019"): (3.0, 1000.0),
        ("third_generation_cephalosporins", "2019"): (2.0, 1000.0),
        ("all", "2019-01-07"): (None, 431411.0),
    }


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_regions_add_up_to_the_nation(spark, shared):
    folder = shared / "data/fr_hospital_amr"
    isolates = {p.name: p.read_bytes() for p in folder.glob("res_*.csv")}
    tables = tables_of(
        spark,
        isolates,
        (folder / "atb_use_regions.csv").read_text(),
        (folder / "bd_pmsi_hospital.csv").read_text(),
    )
    official = (folder / "incidence_density_from_reports.xlsx").read_bytes()
    tables[SparesIncidence.address()] = bronze_frame(
        spark, SparesIncidence, read.read, {"spares/i.xlsx": (official, D)}
    )
    united(tables, "silver.isolate_count", "spares").createOrReplaceTempView("isolates")
    united(tables, "silver.hospital_use", "spares").createOrReplaceTempView("hospital_use")
    agreed = spark.sql("""
        WITH r AS (SELECT bacterium, period, sum(n_tested) t, sum(n_resistant) r FROM isolates
            WHERE setting = 'hospital' AND region <> 'all' GROUP BY ALL)
        SELECT count(*) AS n, count_if(t = n_tested AND r = n_resistant) AS n_same FROM isolates JOIN r
            USING (bacterium, period) WHERE setting = 'hospital' AND region = 'all' AND series = 'cohort'""").first()
    assert tuple(agreed) == (1035, 1035)
    years = {
        (r["bacterium"], r["y"]): (r["r"], r["t"])
        for r in spark.sql("""SELECT bacterium, year(period_start) AS y, sum(n_resistant) AS r, sum(n_tested) AS t
            FROM isolates WHERE setting = 'hospital' AND region = 'all' AND series = 'cohort' GROUP BY ALL""").collect()
    }
    assert years["Escherichia coli", 2019] == (6686, 98425)
    shares = [years["Staphylococcus aureus", y] for y in (2019, 2022)]
    assert [round(100 * r / t, 2) for r, t in shares] == [15.29, 11.97]
    r, t = years["Escherichia coli", 2022]
    assert round(100 * r / t, 2) == 5.45
    told = spark.sql(
        "SELECT n_resistant, bed_days FROM isolates WHERE period = '2019' AND bacterium = 'Escherichia coli'"
    )
    assert tuple(told.first()) == (11485, 44158593.0)
    small = spark.sql("""SELECT count(*) AS n, count_if(n_tested < 11) AS few, count_if(n_tested = 0) AS none
        FROM isolates WHERE region <> 'all' AND setting = 'hospital'""").first()
    assert (small["n"], round(small["few"] / small["n"], 3), small["none"]) == (12420, 0.229, 60)
    use = spark.sql("""SELECT sum(ddd) FILTER (WHERE class_code = 'all') AS whole,
        sum(ddd) FILTER (WHERE class_code <> 'all') AS parts, count(*) AS n FROM hospital_use WHERE ddd IS NOT NULL""").first()
    assert use["n"] == 912
    assert use["parts"] + use["whole"] > 2 * use["whole"], "summing every class doubles the use"
