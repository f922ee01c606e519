"""Use and resistance in one shape: shares, masks, lines that end, odds ratios; the real files to the printed figures."""

from __future__ import annotations

import csv
import datetime as dt

import polars as pl
import pytest

from pipelines.defs.gold.antimicrobial.tables import AntimicrobialUse
from pipelines.defs.gold.use_and_resistance.build import use_and_resistance, use_resistance_association
from pipelines.defs.gold.use_and_resistance.figures import figured
from pipelines.defs.silver.isolate_count.tables import HospitalUse, IsolateCount
from pipelines.defs.silver.substance.tables import Substance
from pipelines.defs.sources.jiacra import read as jiacra_read
from pipelines.defs.sources.jiacra.tables import JiacraAnimal, JiacraHuman
from tests.models.test_association import chapter_inputs
from tests.rows import frame, united
from tests.sources.bronze import bronze_frame

D = dt.date(2024, 12, 4)
BLANK = {
    **{"source": "s", "series": "s", "host": "human", "kingdom": "human", "country": "FR", "region": "all"},
    **{"setting": "hospital", "bacterium": "Escherichia coli", "class_code": "quinolones", "criterion": "R"},
    **{"period": "2019", "period_start": dt.date(2019, 1, 1), "n_months": 12, "n_tested": None, "n_resistant": None},
    **{"bed_days": None, "published_share": None, "indicator": None, "numerator": None, "denominator": None},
    **{"denominator_method": None, "denominator_known_from": None},
}
TYPES = {
    **dict.fromkeys(("n_tested", "n_resistant"), pl.Int64),
    **dict.fromkeys(("bed_days", "published_share", "numerator", "denominator"), pl.Float64),
    **{"n_months": pl.Int32, "period_start": pl.Date, "denominator_known_from": pl.Date},
    **dict.fromkeys(("indicator", "denominator_method"), pl.String),
}


def made(*rows):
    given = pl.DataFrame([BLANK | row for row in rows], schema_overrides=TYPES, infer_schema_length=None)
    return figured(given).sort("indicator", "region", "period").to_dicts()


def year(y, **told):
    return {"period": str(y), "period_start": dt.date(y, 1, 1), **told}


def month(m, region, n, k=1):
    start = dt.date(2019, m, 1)
    told = {"period": f"{start:%Y-%m}", "period_start": start, "n_months": 1}
    return {**told, "region": region, "n_tested": n, "n_resistant": k}


def test_a_share_has_exact_bounds_and_days_give_an_incidence():
    incidence, share = made({"n_tested": 98425, "n_resistant": 6686, "bed_days": 21_360_000.0})
    assert (round(100 * share["value"], 2), share["denominator_method"]) == (6.79, "isolates_tested")
    assert share["lower"] < share["value"] < share["upper"]
    assert round(incidence["value"], 3) == 0.313
    (official,) = made({"n_resistant": 11485, "bed_days": 44158593.0})
    assert (official["indicator"], round(official["value"], 2)) == ("resistant_per_1000_bed_days", 0.26)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"n_tested": 9, "n_resistant": 3}, "few"),
        ({"n_tested": 50, "n_resistant": 51}, "impossible"),
        ({"n_tested": 50}, "impossible"),
        ({}, "not_printed"),
    ],
)
def test_what_has_no_value_says_why(told, why):
    (row,) = made(told)
    assert (row["value"], row["lower"], row["why_none"]) == (None, None, why)


def test_a_printed_share_stands_without_bounds():
    (row,) = made({"published_share": 0.25})
    assert (row["value"], row["lower"], row["why_none"]) == (0.25, None, None)


def test_small_cells_are_masked_and_not_found_from_totals():
    months = [month(1, "53", 7), month(1, "11", 40), month(1, "84", 90), month(2, "53", 30), month(2, "11", 41)]
    rows = made(*months, month(2, "84", 80), month(1, "all", 137), month(2, "all", 151))
    masked = {(r["period"], r["region"]): r["why_none"] for r in rows if r["numerator"] is None}
    assert masked["2019-01", "53"] == "small_cell"
    assert masked["2019-01", "11"] == "beside_small_cell"
    assert all(r["denominator"] is None and r["lower"] is None for r in rows if r["why_none"])
    assert ("2019-01", "all") not in masked


def test_the_total_of_a_year_that_still_grows_tells_no_month_beside_that_of_the_report_before():
    counts = {"53": [30, 7, 12], "11": [40, 41, 45], "84": [90, 80, 95]}

    def report(until: int) -> dict:
        """Counts that a report shows once so many months have come."""
        rows = [month(m + 1, region, n) for region, told in counts.items() for m, n in enumerate(told[:until])]
        rows += [
            year(2019, region=region, n_tested=sum(told[:until]), n_resistant=1) for region, told in counts.items()
        ]
        whole = [sum(told[m] for told in counts.values()) for m in range(until)]
        rows += [month(m + 1, "all", n) for m, n in enumerate(whole)]
        rows.append(year(2019, region="all", n_tested=sum(whole), n_resistant=1))
        shown = made(*rows)
        return {(r["region"], r["period"]): r["denominator"] for r in shown if r["indicator"] == "resistant_share"}

    first, second, third = (report(until) for until in (1, 2, 3))
    assert first["53", "2019"] == 30 and second["53", "2019-02"] is None
    assert second["53", "2019"] is None, "37 less the 30 of the first report are the 7 of February"
    assert third["53", "2019"] is None, "49 less 30, less the 12 of March, too"
    for region in counts:
        told = [r[region, "2019"] for r in (first, second, third) if r[region, "2019"] is not None]
        assert not any(0 < abs(a - b) < 11 for a in told for b in told)


def test_small_counts_of_whole_countries_are_no_cells_of_regions():
    (row,) = made({"n_tested": 10, "n_resistant": 3})
    assert row["value"] == 0.3


def test_a_line_ends_at_a_gap_a_missing_value_and_another_criterion_series_or_denominator():
    told = {"n_tested": 100, "n_resistant": 30}
    rows = made(
        *[year(y, **told) for y in (2015, 2016, 2018, 2019)],
        year(2020),
        year(2021, **told),
        year(2022, criterion="I+R", **told),
        year(2023, criterion="I+R", series="t", **told),
    )
    assert [r["segment"] for r in rows] == [1, 1, 2, 2, 3, 4, 5, 6]
    used = {"indicator": "mg_per_pcu", "numerator": 10.0, "denominator": 5.0}
    rows = made(*[year(y, denominator_method=m, **used) for y, m in ((2019, "a"), (2020, "a"), (2021, "b"))])
    assert [(r["segment"], r["value"]) for r in rows] == [(1, 2.0), (1, 2.0), (2, 2.0)]


def isolate(**told):
    return {
        **{"source": "spares", "series": "cohort", "host": "human", "country": "FR", "region": "all"},
        **{"setting": "hospital", "bacterium": "Escherichia coli", "class_code": "third_generation_cephalosporins"},
        **{"criterion": "ESBL", "valid_from": D, "is_current": True, **told},
    }


def weekly(monday, **told):
    return {"period": str(monday), "period_start": monday, "period_end": monday + dt.timedelta(days=6), **told}


def lake(spark, isolates=(), used=(), animal=(), substances=()):
    tables = {IsolateCount: isolates, HospitalUse: used, AntimicrobialUse: animal, Substance: substances}
    return {t.address(): frame(spark, t, rows) for t, rows in tables.items()}


@pytest.mark.spark
def test_weeks_add_up_to_months_and_years_beside_use_of_both_kingdoms(spark):
    weeks = [dt.date(2019, 1, 28), dt.date(2019, 2, 4)]
    days = {"source": "spares", "series": "cohort", "country": "FR", "region": "all", "setting": "hospital"}
    use = {
        **days,
        "series": "use",
        "region": "53",
        "class_code": "all",
        "period": "2019",
        "valid_from": D,
        "is_current": True,
    }
    use |= {
        "period_start": dt.date(2019, 1, 1),
        "period_end": dt.date(2019, 12, 31),
        "bed_days": 2_000.0,
        "n_beds": 9.0,
    }
    hospital = [weekly(w, **days, class_code="all", valid_from=D, is_current=True, bed_days=500.0) for w in weeks]
    hospital += [use | {"ddd": 900.0}, use | {"class_code": "quinolones", "ddd": 100.0}]
    animal = {
        **{"source": "esvac", "country": "FR", "year": 2019, "species": "pigs", "indicator": "mg_per_pcu"},
        **{"denominator_method": "esvac_pcu", "denominator": 50.0, "denominator_known_from": D, "sector": "animal"},
    }
    people = {
        **{"source": "snds", "country": "FR", "year": 2019, "species": "human", "sector": "human"},
        **{"indicator": "ddd_per_1000_inhabitants_day", "denominator_method": "inhabitants", "denominator": 100.0},
    }
    substances = [
        {"substance_key": "cipro", "atc_codes": ["J01MA02"], "atcvet_codes": ["QJ01MA90"]},
        {"substance_key": "nalidixic", "atc_codes": ["J01MB02"]},
    ]
    rows = use_and_resistance.frame(
        lake(
            spark,
            [isolate(**weekly(w, n_tested=40, n_resistant=4)) for w in weeks],
            hospital,
            [
                *[animal | {"substance_key": s, "numerator": 20.0} for s in ("cipro", "nalidixic")],
                people | {"substance_key": "cipro", "numerator": 73.0},
            ],
            substances,
        )
    ).collect()
    found = {(r["indicator"], r["class_code"], r["period"]): r for r in rows}
    third = "third_generation_cephalosporins"
    assert found["resistant_share", third, "2019"]["numerator"] == 8
    assert found["resistant_share", third, "2019-02"]["denominator"] == 40
    assert found["resistant_per_1000_bed_days", third, "2019-01"]["value"] == 8.0
    assert found["ddd_per_1000_bed_days", "all", "2019"]["value"] == 450.0, "Total, not the sum of classes"
    assert found["ddd_per_1000_bed_days", "quinolones", "2019"]["value"] == 50.0
    assert found["mg_per_pcu", "quinolones", "2019"]["value"] == pytest.approx(0.8)
    assert found["mg_per_pcu", "fluoroquinolones", "2019"]["value"] == pytest.approx(0.4)
    assert found["ddd_per_1000_inhabitants_day", "quinolones", "2019"]["value"] == pytest.approx(2.0)
    assert found["mg_per_pcu", "quinolones", "2019"]["denominator_known_from"] == D


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_inputs_give_the_printed_odds_ratios(spark, shared):
    folder = shared / "data/jiacra_iv"
    files = {n: (folder / n).read_bytes() for n in ("AMCh_AMRh.csv", "AMRa_AMRh.csv")}
    bronze = {
        JiacraHuman: {"jiacra/AMCh_AMRh.csv": (files["AMCh_AMRh.csv"], D)},
        JiacraAnimal: {"jiacra/AMRa_AMRh.csv": (files["AMRa_AMRh.csv"], D)},
    }
    tables = {t.address(): bronze_frame(spark, t, jiacra_read.read, named) for t, named in bronze.items()}
    isolates = united(tables, "silver.isolate_count", "jiacra").filter("period >= '2019' AND class_code LIKE 'third%'")
    given = lake(spark) | {IsolateCount.address(): isolates}
    rows = use_resistance_association.frame(given).collect()
    found = {
        (r["series"], r["bacterium"], r["period"], r["form"]): r
        for r in rows
        if r["rule"] == "as_printed" and r["host"] == "human"
    }
    with (folder / "expected_univariate_odds_ratios.csv").open() as stream:
        printed = [r for r in csv.DictReader(stream) if r["section"].startswith(("6.2", "6.4"))]
    assert len(printed) >= 8
    for row in printed:
        bacterium, _, animal = row["subject"].partition(" in ")
        series = f"AMRa_AMRh {animal}" if animal else "AMCh_AMRh"
        assert bacterium == "E. coli"
        r = found[series, "Escherichia coli", row["year"], row["model"]]
        assert f"{r['odds_ratio']:.2f}" == f"{float(row['odds_ratio']):.2f}"
        assert f"{r['lower']:.2f}-{r['upper']:.2f}" == row["ci95"]
        assert r["n_places"] == len(chapter_inputs(row, folder)[0])
    assert {r["is_best_form"] for r in rows} == {True, False}
