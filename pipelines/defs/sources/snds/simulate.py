"""Flows of the simulated country's reimbursements: who takes what, with late lines, regularisations and faults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.snds.departments import REGIONS
from pipelines.defs.sources.snds.tables import (
    KEY,
    SndsErPhaF,
    SndsErPrsF,
    SndsErUcdF,
    SndsIrBenR,
    SndsIrImbR,
    SndsIrPhaR,
)
from pipelines.simulator.world import HUMAN_MONTHS, World

PERSONS_A_REPORT = 1 / 20
FEWEST_PERSONS = 200
LAGS = {1: 0.70, 2: 0.19, 3: 0.06, 4: 0.03, 5: 0.01, 6: 0.01}  # months from care to flow
TAKEN_BACK, IN_HOSPITAL, IS_ILL, SECOND_PSEUDONYM = 0.02, 0.03, 0.2, 0.05
CHUNK = 500_000  # persons whose lines are in memory at once
FLOW_MONTHS = len(HUMAN_MONTHS) + max(LAGS) + 1
NONE_SUCH = "3400999999999"


def write(world: World, out: Path) -> None:
    """Write `snds/<flow>/ER_*.csv`, a folder a month of flow, and the tables of persons and packs of the last one."""
    folder = out / "snds"
    people = _people(world)
    for number in range(1, FLOW_MONTHS):
        flow = _month(number)
        lines = [_lines(world, people.slice(first, CHUNK), number, lag) for first, lag in _chunks(people, number)]
        if lines:
            _write_flow(pl.concat(lines), folder / flow.isoformat(), flow)
    last = folder / _month(FLOW_MONTHS - 1).isoformat()
    _put(people.filter("is_listed"), last / "IR_BEN_R.csv", SndsIrBenR)
    ill = people.filter("is_ill").with_columns(
        imb_ald_num=pl.lit("8"),
        imb_ald_dtd=pl.lit("01/10/2012"),
        imb_ald_dtf=pl.lit(""),
        imb_etm_nat=pl.lit("41"),
        med_mtf_cod=pl.lit("E11"),
        med_ncl_idt=pl.lit("CIM10"),
    )
    _put(ill, last / "IR_IMB_R.csv", SndsIrImbR)
    _put(_packs(world), last / "IR_PHA_R.csv", SndsIrPhaR)


def _month(number: int) -> dt.date:
    first = HUMAN_MONTHS[0]
    months = first.year * 12 + first.month - 1 + number
    return dt.date(months // 12, months % 12 + 1, 1)


def _chunks(people: pl.DataFrame, flow: int) -> Iterator[tuple[int, int]]:
    for first in range(0, people.height, CHUNK):
        for lag in LAGS:
            if 0 <= flow - lag <= len(HUMAN_MONTHS):
                yield first, lag


def _people(world: World) -> pl.DataFrame:
    """Persons with all their pseudonyms; a few stand in no table of persons, and one says two sexes."""
    random = world.random("snds people")
    n = max(int(world.human.cases.height * PERSONS_A_REPORT), FEWEST_PERSONS)
    taken = world.human.products["product_no"].value_counts().sort("product_no")
    share = taken["count"].to_numpy() / taken["count"].sum()
    departments = [d.zfill(3) for d in REGIONS]
    one = pl.DataFrame(
        {
            "person_no": np.arange(n),
            "ben_nir_psa": [f"PSA{i:08}" for i in range(n)],
            "ben_idt_ano": [f"IDT{i:08}" for i in range(n)],
            "ben_nai_ann": random.integers(1925, 2012, n).astype(str),
            "ben_sex_cod": random.integers(1, 3, n).astype(str),
            "ben_res_dpt": random.choice(departments, n),
            "product_no": random.choice(taken["product_no"].to_numpy(), n, p=share),
            "is_ill": random.random(n) < IS_ILL,
            "is_listed": random.random(n) > 0.01,
            "has_two": random.random(n) < SECOND_PSEUDONYM,
        }
    ).with_columns(ben_rng_gem=pl.lit("1"), ben_idt_top=pl.lit("1"), ben_nai_moi=pl.lit("01"), ben_dcd_dte=pl.lit(""))
    second = one.filter("has_two").with_columns(ben_nir_psa=pl.col("ben_nir_psa").str.replace("PSA", "PSB"))
    first_sex = pl.col("ben_sex_cod").replace_strict({"1": "2", "2": "1"})
    is_first = pl.int_range(pl.len()) == 0
    return pl.concat([one, second.with_columns(ben_sex_cod=pl.when(is_first).then(first_sex).otherwise("ben_sex_cod"))])


def _lines(world: World, people: pl.DataFrame, flow: int, lag: int) -> pl.DataFrame:
    """Lines that come with one flow: care of some months ago, and what is taken back of the flow before."""
    new = _told(world, people, flow, lag)
    back = _told(world, people, flow - 1, lag).filter("is_back")
    back = back.with_columns(pha_act_qsn=-pl.col("pha_act_qsn"), prs_ord_num=pl.lit("9") + pl.col("prs_ord_num"))
    return pl.concat([new, back])


def _told(world: World, people: pl.DataFrame, flow: int, lag: int) -> pl.DataFrame:
    """Lines of one month of care that are first told with one flow."""
    random = world.random(f"snds {flow} {lag} {int(people['person_no'][0])}")
    n, care = people.height, _month(flow - lag)
    is_care = 0 <= flow - lag < len(HUMAN_MONTHS)
    taken = people.with_columns(
        day=pl.Series(random.integers(1, 29, n)),
        prs_ord_num=(pl.int_range(n) + 1).cast(pl.String),
        pha_act_qsn=pl.Series(random.integers(1, 4, n)),
        is_taken=pl.Series(random.random(n) < LAGS[lag] * is_care),
        is_back=pl.Series(random.random(n) < TAKEN_BACK),
        in_hospital=pl.Series(random.random(n) < IN_HOSPITAL),
        psp_spe_cod=pl.Series(random.choice(["1", "3", "22", "32"], n)),
    ).filter("is_taken")
    day = pl.col("day").cast(pl.String).str.zfill(2)
    named = taken.join(
        world.human_products.select("product_no", "cip13", "cip7"), on="product_no", how="left", maintain_order="left"
    )
    return named.with_columns(exe_soi_dtd=day + pl.lit(care.strftime("/%m/%Y")), dct_ord_num=pl.lit(str(lag)))


def _write_flow(lines: pl.DataFrame, folder: Path, flow: dt.date) -> None:
    """Write the three files of a flow; its first lines carry the faults that real flows have."""
    lines = lines.with_row_index("at").with_columns(
        flx_dis_dtd=pl.lit(flow.strftime("%d/%m/%Y")),
        flx_emt_num=pl.lit("3"),
        flx_emt_ord=pl.lit("2"),
        flx_emt_typ=pl.lit("1"),
        flx_trt_dtd=pl.lit((flow - dt.timedelta(days=5)).strftime("%d/%m/%Y")),
        org_cle_num=pl.lit("01C751234"),
        rem_typ_aff=pl.lit("1"),
        exe_soi_dtd=pl.when(pl.col("at") == 1).then(pl.lit("31/02/2012")).otherwise("exe_soi_dtd"),
        dpn_qlf=pl.when(pl.col("at") == 2).then(pl.lit("71")).otherwise(pl.lit("0")),
        prs_dpn_qlp=pl.lit("0"),
        cpl_maj_top=pl.lit("0"),
        prs_nat_ref=pl.lit("3313"),
        prs_act_qte="pha_act_qsn",
        pfs_exe_num=pl.format("1{}", "ben_res_dpt"),
        pha_ord_num=pl.lit("1"),
        ucd_ord_num=pl.lit("1"),
        pha_prs_c13=pl.when(pl.col("at") == 4).then(pl.lit(NONE_SUCH)).otherwise("cip13"),
        pha_prs_ide="cip7",
        pha_act_qsn=pl.when(pl.col("at") == 5).then(-10).otherwise("pha_act_qsn"),
        ucd_ucd_cod=pl.format("0000009{}", pl.col("cip7").str.slice(1)),
        ucd_dlv_nbr="pha_act_qsn",
    )
    town = lines.filter(~pl.col("in_hospital")).with_columns(
        dct_ord_num=pl.when(pl.col("at") == 3).then(pl.lit(" ")).otherwise("dct_ord_num")
    )
    _put(lines.filter(pl.col("at") != 6), folder / "ER_PRS_F.csv", SndsErPrsF)
    _put(town, folder / "ER_PHA_F.csv", SndsErPhaF)
    _put(lines.filter("in_hospital"), folder / "ER_UCD_F.csv", SndsErUcdF)


def _packs(world: World) -> pl.DataFrame:
    names = world.substances.select("substance_no", pha_nom_pa=pl.col("french").str.to_uppercase())
    held = world.human_products.with_columns(substance_no=pl.col("substance_nos").list.first())
    return held.join(names, on="substance_no", how="left", maintain_order="left").with_columns(
        pha_cip_c13="cip13",
        pha_prs_ide="cip7",
        pha_cip_ucd=pl.format("9{}", pl.col("cip7").str.slice(1)),
        pha_med_nom="name",
        pha_dos_pra_dses=pl.col("strength_mg").cast(pl.String),
        pha_dos_unt_dses=pl.lit("MG"),
        pha_unt_nbr_dses=pl.lit("30"),
    )


def _put(rows: pl.DataFrame, path: Path, table: type[BronzeTable]) -> None:
    """Write the table's own columns, in capitals, `;` between; those that the rows lack are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    order = sorted(table.source_columns(), key=lambda c: c in KEY)
    columns = [(pl.col(c) if c in rows.columns else pl.lit("")).alias(c.upper()) for c in order]
    rows.select(columns).write_csv(path, separator=";", quote_style="never")
