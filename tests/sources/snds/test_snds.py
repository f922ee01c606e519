"""DCIR: nine keys, lines summed after the join, regularisations netted, each fault counted where it stands."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.silver.dispensing.conform import dispensing
from pipelines.defs.silver.dispensing.tables import Dispensing, Insured
from pipelines.defs.silver.product.tables import Pack
from pipelines.defs.sources.snds import conform, read, simulate, spread
from pipelines.defs.sources.snds.tables import (
    KEY,
    SndsErPhaF,
    SndsErPrsF,
    SndsErUcdF,
    SndsIrBenR,
    SndsIrImbR,
    SndsIrPhaR,
)
from pipelines.files.text import Refused
from pipelines.frames.cache import release
from pipelines.lake import hashed as keys_of
from pipelines.lake.platform import Platform
from pipelines.settings import load
from pipelines.simulator.world import build
from tests.rows import frame
from tests.sources.bronze import bronze_files
from tests.sources.reading import is_balanced, rows_of

D = dt.date
FLOWS = {1: "01/03/2024", 2: "01/04/2024"}
TABLES = (SndsErPrsF, SndsErPhaF, SndsErUcdF, SndsIrBenR, SndsIrImbR, SndsIrPhaR)
KNOWN, SHARED = "3400930000001", "3400930000002"


def keys(order, flow=1):
    values = {"dct_ord_num": "1", "flx_dis_dtd": FLOWS[flow], "flx_emt_num": "3", "flx_emt_ord": "2"}
    values |= {"flx_emt_typ": "1", "flx_trt_dtd": "20/02/2024", "org_cle_num": "C", "prs_ord_num": order}
    return values | {"rem_typ_aff": "1"}


def care(order, flow=1, psa="A", day="10/02/2024", **rest):
    person = {"ben_nir_psa": psa, "ben_rng_gem": "1", "ben_sex_cod": "2", "ben_nai_ann": "1960", "ben_res_dpt": "069"}
    return keys(order, flow) | person | {"exe_soi_dtd": day, "pfs_exe_num": "P", "prs_nat_ref": "3313"} | rest


def pack(order, quantity, flow=1, cip=KNOWN, line="1"):
    return keys(order, flow) | {"pha_prs_c13": cip, "pha_act_qsn": str(quantity), "pha_ord_num": line}


def sheet(table, rows):
    names = table.source_columns()
    body = [";".join(row.get(name, "") for name in names) for row in rows]
    return "\n".join([";".join(names).upper(), *body, ""]).encode()


class Dcir:
    """A lake with the tables of one DCIR, and what is made of them."""

    def __init__(self, folder):
        self.platform = Platform(load(lake=folder, tracking=f"sqlite:///{folder}/m.db"))
        self.lake = self.platform.lake

    def land(self, table, files):
        bronze_files(self.lake, table, read.read, files)

    def flattened(self):
        """Rows of dispensing, issues, insured and illnesses."""
        lake = self.lake
        lake.upsert(Insured, conform.insured(lake), {})
        dispensing(self.platform, lake.versions(dispensing.reads))
        found = (lake["silver.dispensing"], conform.dispensing_issue(lake), lake["silver.insured"])
        rows = [[r.asDict() for r in frame.collect()] for frame in (*found, conform.long_term_illness(lake))]
        release()
        return rows


@pytest.fixture
def dcir(spark, tmp_path):
    """A new DCIR; the register knows one pack of one product and one of two."""
    made = Dcir(tmp_path / "lake")
    registered = [(f"CIP13:{KNOWN}", "CIS:1"), (f"CIP13:{SHARED}", "CIS:1"), (f"CIP13:{SHARED}", "CIS:2")]
    same = {"source": "bdpm", "valid_from": D(2020, 1, 1), "is_current": True}
    rows = [{"pack_key": k, "product_key": p} | same for k, p in registered]
    made.lake.upsert(Pack, frame(spark, Pack, rows), {})
    return made


@pytest.fixture
def flattened(dcir):
    """Flatten given rows; returns the dispensed rows, the issues, the insured and their illnesses."""

    def run(care=(), town=(), hospital=(), people=(), ill=()):
        for table, rows in zip(TABLES, (care, town, hospital, people, ill, ()), strict=True):
            dcir.land(table, {f"snds/{table.name}.csv": (sheet(table, rows), D(2024, 4, 2))})
        return dcir.flattened()

    return run


def net(rows):
    """Units over all flows."""
    return sum(r["n_units"] for r in rows)


@pytest.mark.spark
def test_lines_of_a_prestation_are_joined_then_summed(flattened):
    (row,), issues, *_ = flattened([care("1")], [pack("1", 2), pack("1", 3, line="2")])
    assert (row["n_units"], row["n_lines"], row["n_regularisations"], issues) == (5, 2, 0, [])
    assert (row["insured"], row["sex"], row["birth_year"], row["region"]) == ("A/1", "female", 1960, "84")
    assert (row["dispensed_date"], row["flow_date"]) == (D(2024, 2, 10), D(2024, 3, 1))


@pytest.mark.spark
@pytest.mark.parametrize(
    ("back", "units", "issues"), [(-1, 2, []), (-3, 0, []), (-10, -7, ["unmatched_regularisation"])]
)
def test_a_regularisation_of_a_later_flow_is_netted_not_dropped(flattened, back, units, issues):
    rows, found, *_ = flattened([care("1"), care("2", flow=2)], [pack("1", 3), pack("2", back, flow=2)])
    assert (net(rows), sum(r["n_regularisations"] for r in rows)) == (units, 1)
    assert {r["flow_date"] for r in rows} == {D(2024, 3, 1), D(2024, 4, 1)}
    assert [i["issue"] for i in found] == issues


@pytest.mark.spark
def test_each_fault_has_its_rule_and_its_line(flattened):
    prestations = [
        care("2", dpn_qlf="71"),
        care("3", prs_dpn_qlp="71"),
        care("4", cpl_maj_top="2"),
        care("5", day="31/02/2024"),
        care("6", day="02/03/2024"),
        care("7"),
        care("8", psa="B"),
        care("9", psa="D"),
    ]
    town = [pack(str(n), 1) for n in range(1, 7)]
    town += [pack("7", "1,5"), pack(" ", 1), pack("8", 1, cip="3400930000009"), pack("9", 1, cip=SHARED)]
    people = [
        {"ben_nir_psa": "B", "ben_rng_gem": "1", "ben_idt_ano": "X", "ben_idt_top": "1", "ben_sex_cod": "1"},
        {"ben_nir_psa": "C", "ben_rng_gem": "1", "ben_idt_ano": "X", "ben_idt_top": "1", "ben_sex_cod": "2"},
    ]
    prestations.append(care("10"))
    prestations.append(care("11", prs_nat_ref="1111"))
    rows, issues, known, _ = flattened(prestations, town, people=people)
    assert {(i["issue"], i["table_name"], i["line_number"]) for i in issues} == {
        ("orphan_line", "snds_er_pha_f", 2),
        ("orphan_prestation", "snds_er_prs_f", 10),
        *(("not_reimbursed_care", "snds_er_pha_f", n) for n in (3, 4, 5)),
        *(("impossible_date", "snds_er_pha_f", n) for n in (6, 7)),
        ("no_quantity", "snds_er_pha_f", 8),
        ("blank_key", "snds_er_pha_f", 9),
        ("unknown_pack", "snds_er_pha_f", 10),
        ("pack_of_several_products", "snds_er_pha_f", 11),
        ("two_sexes", "snds_ir_ben_r", 2),
        ("two_sexes", "snds_ir_ben_r", 3),
    }
    assert {r["insured"] for r in rows} == {"B/1", "D/1"}
    assert {(r["insured"], r["person"], r["sex"]) for r in known} == {("B/1", "X", None), ("C/1", "X", None)}


@pytest.mark.spark
def test_pseudonyms_of_one_person_are_united_and_illness_is_dated(flattened):
    people = [
        {"ben_nir_psa": p, "ben_rng_gem": "1", "ben_idt_ano": "X", "ben_idt_top": "1", "ben_sex_cod": "1"} for p in "AB"
    ]
    ill = [{"ben_nir_psa": "A", "ben_rng_gem": "1", "imb_ald_num": "8", "imb_ald_dtd": "11/02/2024"}]
    ill += [ill[0] | {"ben_nir_psa": "B"}, ill[0] | {"ben_nir_psa": "Z"}]
    *_, known, illnesses = flattened(people=people, ill=ill)
    assert {(r["insured"], r["person"]) for r in known} == {("A/1", "X"), ("B/1", "X")}
    assert sorted((r["person"], r["illness"], r["start_date"]) for r in illnesses) == [
        ("X", "8", D(2024, 2, 11)),
        ("Z/1", "8", D(2024, 2, 11)),
    ]


@pytest.mark.spark
def test_hospital_units_keep_their_own_code(flattened):
    unit = keys("1") | {"ucd_ucd_cod": "0000009348420", "ucd_dlv_nbr": "20", "ucd_ord_num": "1"}
    (row,), *_ = flattened([care("1")], hospital=[unit])
    assert (row["kind"], row["pack_key"], row["n_units"]) == ("hospital", "UCD7:9348420", 20)


def test_dates_are_read_as_three_tools_write_them_and_columns_may_be_missing():
    head = ";".join(KEY).upper()
    rows = rows_of(read, SndsErPhaF, f"{head};PHA_ACT_QSN;UNUSED\n{';'.join('123456789')};-10;x\n".encode())
    assert (rows[0]["pha_act_qsn"], rows[0]["pha_prs_c13"]) == ("-10", None)
    with pytest.raises(Refused, match="'org_cle_num' is missing"):
        rows_of(read, SndsErPhaF, head.replace("ORG_CLE_NUM;", "").encode() + b"\n")


@pytest.mark.parametrize("table", TABLES)
@given(body=st.lists(st.lists(st.text("a1;\n ", max_size=4), min_size=1, max_size=6), max_size=6))
def test_every_row_is_kept_or_rejected(table, body):
    head = ";".join(table.source_columns())
    assert is_balanced(read, table, (head + "\n" + "".join(";".join(row) + "\n" for row in body)).encode())


def test_a_parquet_file_is_read_like_text():
    out = io.BytesIO()
    pq.write_table(pa.table({"PHA_CIP_C13": [1, None], "PHA_ATC_C07": ["A", "B"], "other": [1, 2]}), out)
    rows = rows_of(read, SndsIrPhaR, out.getvalue(), "IR_PHA_R.parquet")
    assert [(r["line_number"], r["pha_cip_c13"], r["pha_atc_c07"]) for r in rows] == [(1, "1", "A"), (2, None, "B")]
    assert is_balanced(read, SndsIrPhaR, out.getvalue(), "IR_PHA_R.parquet")
    with pytest.raises(Refused, match="no Parquet file"):
        rows_of(read, SndsIrPhaR, b"nothing", "IR_PHA_R.parquet")


@pytest.mark.spark
def test_a_line_that_two_deliveries_tell_counts_once_and_in_its_last_form(dcir):
    dcir.land(SndsErPrsF, {"snds/a/ER_PRS_F.csv": (sheet(SndsErPrsF, [care("1"), care("2")]), D(2024, 4, 2))})
    for known, quantity in ((D(2024, 4, 2), 3), (D(2024, 5, 2), 5)):
        data = sheet(SndsErPhaF, [pack("1", quantity), pack("2", 1)])
        dcir.land(SndsErPhaF, {f"snds/{known}/ER_PHA_F.csv": (data, known)})
    rows, issues, *_ = dcir.flattened()
    assert (net(rows), issues) == (6, [])


@pytest.mark.spark
def test_large_flows_meet_by_key_and_give_the_same(dcir, monkeypatch):
    prestations = [care(str(n), day=f"{1 + n % 28:02}/02/2024", psa=str(n % 7)) for n in range(200)]
    town = [pack(str(n), 1 + n % 3) for n in range(200)] + [pack("999", 1)]
    dcir.land(SndsErPrsF, {"snds/ER_PRS_F.csv": (sheet(SndsErPrsF, prestations), D(2024, 4, 2))})
    dcir.land(SndsErPhaF, {"snds/ER_PHA_F.csv": (sheet(SndsErPhaF, town), D(2024, 4, 2))})
    alone, told, *_ = dcir.flattened()
    monkeypatch.setattr(spread, "ROWS_ALONE", 50)
    monkeypatch.setattr(spread, "ROWS_PER_TASK", 64)
    root, found = dcir.lake.prepared(Dispensing), spread.flows(dcir.lake)
    added = [r.asDict() for r in spread.dispensed(dcir.lake, found, None, root).collect()]
    assert len(added) > 1
    dcir.lake.commit_files(Dispensing, added, {})
    assert sorted(map(str, alone)) == sorted(str(r.asDict()) for r in dcir.lake["silver.dispensing"].collect())
    again = conform.dispensing_issue(dcir.lake)
    assert sorted(map(str, told)) == sorted(str(r.asDict()) for r in again.collect())
    release()


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=20))
def test_keys_are_the_same_for_the_same_text_alone(texts):
    key, key_2 = keys_of.hashed(pl.Series(texts, dtype=pl.String))
    pairs = list(zip(key, key_2, strict=True))
    assert [p == (None, None) for p in pairs] == [t is None for t in texts]
    assert len(set(pairs)) == len(set(texts))
    (again,), _ = keys_of.hashed(pl.Series([texts[-1]], dtype=pl.String))
    assert again == pairs[-1][0]


def test_the_first_hash_is_fnv_1a():
    assert keys_of.hashed(pl.Series(["", "a", "foobar"]))[0].to_list() == [
        0xCBF29CE484222325,
        0xAF63DC4C8601EC8C,
        0x85944171F73967E8,
    ]


@pytest.mark.spark
def test_the_simulated_country_nets_to_what_its_people_took(dcir, tmp_path):
    simulate.write(build(1_000, 1), tmp_path)
    files = sorted((tmp_path / "snds").rglob("*.csv"))
    for table in TABLES:
        own = [f for f in files if table.files.owns(str(f.relative_to(tmp_path)))]
        dcir.land(table, {str(f.relative_to(tmp_path)): (f.read_bytes(), D.fromisoformat(f.parent.name)) for f in own})
    rows, issues, *_ = dcir.flattened()
    assert {True, False} == {r["n_regularisations"] > 0 for r in rows}
    planted = {"blank_key", "orphan_line", "not_reimbursed_care", "impossible_date", "unknown_pack", "two_sexes"}
    assert planted | {"unmatched_regularisation", "orphan_prestation"} == {i["issue"] for i in issues}
    n_lines = sum(dcir.lake.n_rows(f"bronze.snds_er_{t}_f") for t in ("pha", "ucd"))
    left_out = sum(
        i["n_lines"]
        for i in issues
        if i["issue"] in {"blank_key", "orphan_line", "not_reimbursed_care", "impossible_date", "no_quantity"}
    )
    assert n_lines == sum(r["n_lines"] for r in rows) + left_out


def test_the_real_samples_are_read(shared):
    samples = [
        ("scalpel/ER_PRS_F.csv", SndsErPrsF, 6),
        ("scalpel/ER_PHA_F.csv", SndsErPhaF, 7),
        ("scalpel/ER_UCD_F.csv", SndsErUcdF, 4),
        ("scalpel/IR_BEN_R.csv", SndsIrBenR, 2),
        ("scalpel/IR_IMB_R.csv", SndsIrImbR, 3),
        ("scalpel/IR_PHA_R.parquet", SndsIrPhaR, 23_124),
        ("synthetic_examples/IR_BEN_R.csv", SndsIrBenR, 10),
        ("synthetic_examples/IR_IMB_R.csv", SndsIrImbR, 10),
    ]
    for path, table, n in samples:
        data = (shared / "data" / "snds" / path).read_bytes()
        rows = rows_of(read, table, data, path)
        assert (len(rows), [r for r in rows if r["reason"]]) == (n, [])
        assert is_balanced(read, table, data, path)
        assert table.files.owns(f"snds/{path}")
