"""Flows of the simulated country's reimbursements: who takes what, with late lines, regularisations and faults."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.snds.tables import (
    KEY,
    SndsErPhaF,
    SndsErPrsF,
    SndsErUcdF,
    SndsIrBenR,
    SndsIrImbR,
    SndsIrPhaR,
)
from pipelines.simulator.exposure import LAGS, dispensed, people
from pipelines.simulator.world import HUMAN_MONTHS, World

FLOW_MONTHS = len(HUMAN_MONTHS) + max(LAGS) + 1
NONE_SUCH = "3400999999999"


def write(world: World, out: Path) -> None:
    """Write `snds/<flow>/ER_*.csv`, a folder a month of flow, and the tables of persons and packs of the last one."""
    folder = out / "snds"
    for chunk, persons in enumerate(people(world)):
        for number in range(1, FLOW_MONTHS):
            lines = _lines(world, persons, number)
            if lines.height:
                _write_flow(lines, folder / _month(number).isoformat(), _month(number), chunk == 0)
        _write_people(persons, folder / _month(FLOW_MONTHS - 1).isoformat(), chunk == 0)
    _put(_packs(world), folder / _month(FLOW_MONTHS - 1).isoformat() / "IR_PHA_R.csv", SndsIrPhaR)


def _month(number: int) -> dt.date:
    first = HUMAN_MONTHS[0]
    months = first.year * 12 + first.month - 1 + number
    return dt.date(months // 12, months % 12 + 1, 1)


def _lines(world: World, persons: pl.DataFrame, flow: int) -> pl.DataFrame:
    """Lines that come with one flow: care of some months ago, and what is taken back of the flow before."""
    new = _told(world, persons, flow)
    back = _told(world, persons, flow - 1).filter("is_back")
    return pl.concat([new, back.with_columns(packs=-pl.col("packs"), order=pl.lit("9") + pl.col("order"))])


def _told(world: World, persons: pl.DataFrame, flow: int) -> pl.DataFrame:
    """Lines that are first told with one flow; the statement's order parts months of care, the line's the people."""
    parts = []
    for lag in LAGS:
        lines = dispensed(world, persons, flow - lag).filter(pl.col("lag") == lag)
        day = pl.col("day").cast(pl.String).str.zfill(2) + pl.lit(_month(flow - lag).strftime("/%m/%Y"))
        parts.append(lines.with_columns(date=day, order=pl.col("person_no").cast(pl.String)))
    return pl.concat(parts)


def _write_people(persons: pl.DataFrame, folder: Path, is_first_chunk: bool) -> None:
    """Write the tables of persons: a few have two pseudonyms or stand in no table, and one says two sexes."""
    one = persons.with_columns(
        ben_nir_psa=pl.format("PSA{}", _number()),
        ben_idt_ano=pl.format("IDT{}", _number()),
        ben_nai_ann=pl.col("birth_year").cast(pl.String),
        ben_sex_cod=pl.col("sex").cast(pl.String),
        ben_res_dpt="department",
        ben_rng_gem=pl.lit("1"),
        ben_idt_top=pl.lit("1"),
        ben_nai_moi=pl.lit("01"),
    )
    other = pl.col("ben_sex_cod").replace_strict({"1": "2", "2": "1"})
    is_first = (pl.int_range(pl.len()) == 0) & pl.lit(is_first_chunk)
    second = one.filter("has_two").with_columns(
        ben_nir_psa=pl.format("PSB{}", _number()),
        ben_sex_cod=pl.when(is_first).then(other).otherwise("ben_sex_cod"),
    )
    _put(pl.concat([one, second]).filter("is_listed"), folder / "IR_BEN_R.csv", SndsIrBenR, is_first_chunk)
    ill = (
        pl.concat([one, second])
        .filter("is_ill")
        .with_columns(
            imb_ald_num=pl.lit("8"),
            imb_ald_dtd=pl.lit("01/10/2012"),
            imb_etm_nat=pl.lit("41"),
            med_mtf_cod=pl.lit("E11"),
            med_ncl_idt=pl.lit("CIM10"),
        )
    )
    _put(ill, folder / "IR_IMB_R.csv", SndsIrImbR, is_first_chunk)


def _number() -> pl.Expr:
    return pl.col("person_no").cast(pl.String).str.zfill(8)


def _write_flow(lines: pl.DataFrame, folder: Path, flow: dt.date, is_first_chunk: bool) -> None:
    """Write the three files of a flow; the first lines of its first people carry the faults that real flows have."""
    at = pl.int_range(pl.len()) if is_first_chunk else pl.lit(-1)
    lines = lines.with_columns(at=at).with_columns(
        ben_nir_psa=pl.format("{}{}", pl.when("uses_second").then(pl.lit("PSB")).otherwise(pl.lit("PSA")), _number()),
        ben_rng_gem=pl.lit("1"),
        ben_nai_ann="birth_year",
        ben_sex_cod="sex",
        ben_res_dpt="department",
        prs_ord_num="order",
        psp_spe_cod="speciality",
        dct_ord_num=pl.col("lag").cast(pl.String),
        flx_dis_dtd=pl.lit(flow.strftime("%d/%m/%Y")),
        flx_emt_num=pl.lit("3"),
        flx_emt_ord=pl.lit("2"),
        flx_emt_typ=pl.lit("1"),
        flx_trt_dtd=pl.lit((flow - dt.timedelta(days=5)).strftime("%d/%m/%Y")),
        org_cle_num=pl.lit("01C751234"),
        rem_typ_aff=pl.lit("1"),
        exe_soi_dtd=pl.when(pl.col("at") == 1).then(pl.lit("31/02/2012")).otherwise("date"),
        dpn_qlf=pl.when(pl.col("at") == 2).then(pl.lit("71")).otherwise(pl.lit("0")),
        prs_dpn_qlp=pl.lit("0"),
        cpl_maj_top=pl.lit("0"),
        prs_nat_ref=pl.lit("3313"),
        prs_act_qte="packs",
        pfs_exe_num=pl.format("1{}", "department"),
        pha_ord_num=pl.lit("1"),
        ucd_ord_num=pl.lit("1"),
        pha_prs_c13=pl.when(pl.col("at") == 4).then(pl.lit(NONE_SUCH)).otherwise("cip13"),
        pha_prs_ide="cip7",
        pha_act_qsn=pl.when(pl.col("at") == 5).then(-10).otherwise("packs"),
        ucd_ucd_cod=pl.format("0000009{}", pl.col("cip7").str.slice(1)),
        ucd_dlv_nbr="packs",
    )
    town = lines.filter(~pl.col("in_hospital")).with_columns(
        dct_ord_num=pl.when(pl.col("at") == 3).then(pl.lit(" ")).otherwise("dct_ord_num")
    )
    _put(lines.filter(pl.col("at") != 6), folder / "ER_PRS_F.csv", SndsErPrsF, is_first_chunk)
    _put(town, folder / "ER_PHA_F.csv", SndsErPhaF, is_first_chunk)
    _put(lines.filter("in_hospital"), folder / "ER_UCD_F.csv", SndsErUcdF, is_first_chunk)


def _packs(world: World) -> pl.DataFrame:
    names = world.substances.select("substance_no", pha_nom_pa=pl.col("french").str.to_uppercase(), pha_atc_c07="atc")
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


def _put(rows: pl.DataFrame, path: Path, table: type[BronzeTable], is_first: bool = True) -> None:
    """Write the table's own columns, or append them after the first people; those that the rows lack are empty."""
    order = sorted(table.source_columns(), key=lambda c: c in KEY)
    columns = [(pl.col(c) if c in rows.columns else pl.lit("")).alias(c.upper()) for c in order]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb" if is_first else "ab") as file:
        rows.select(columns).write_csv(file, separator=";", quote_style="never", include_header=is_first)
