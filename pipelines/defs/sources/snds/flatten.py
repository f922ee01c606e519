"""Lines of the DCIR joined to their prestations, frames in and frames out: the rules, without an engine.

Joins on the nine technical keys, lines summed after the join; filters as the SNDS documentation has them.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.defs.sources.snds.tables import KEY
from pipelines.formats.departments import REGIONS
from pipelines.lake.hashed import hashed

SEXES = {"1": "male", "2": "female"}
NO_CARE, FIRST_COMPLEMENT = "71", 2
PHARMACY = "33"  # natures of prestation that a pharmacy bills
EARLIEST = pl.date(1990, 1, 1)
PLACE = ("delivery_id", "line_number")
GIVEN = ("insured", "kind", "pack_key", "dispensed_date", "pharmacy")
COLUMNS = {
    "snds_er_prs_f": (
        *("ben_nir_psa", "ben_rng_gem", "ben_nai_ann", "ben_sex_cod", "ben_res_dpt", "exe_soi_dtd", "prs_nat_ref"),
        *("dpn_qlf", "prs_dpn_qlp", "cpl_maj_top", "psp_spe_cod", "pfs_exe_num"),
    ),
    "snds_er_pha_f": ("pha_prs_c13", "pha_act_qsn"),
    "snds_er_ucd_f": ("ucd_ucd_cod", "ucd_dlv_nbr"),
}
SPELLED = {
    spelled: department
    for department in REGIONS
    for spelled in {department, department.lstrip("0"), department.zfill(3)}
}


def dates(texts: pl.Series) -> pl.Series:
    """Dates written DD/MM/YYYY, YYYY-MM-DD or DDMONYYYY as the extraction tools write them; null where one is none."""
    found = texts.str.to_date("%d/%m/%Y", strict=False)
    if found.null_count() == texts.null_count():
        return found
    text = texts.str.strip_chars(" ")
    forms = (
        text.str.to_date("%d/%m/%Y", strict=False),
        text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False),
        text.str.slice(0, 9).str.to_date("%d%b%Y", strict=False),
    )
    return pl.select(pl.coalesce(forms)).to_series()


def keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Put `flow_date`, and `key` and `key_2`, the nine keys as 128 bits, in their place; null where one is blank."""
    written = rows.select(pl.concat_str(KEY, separator="|").alias("written"))
    if written.select(pl.col("written").str.contains(" ", literal=True).any()).item():
        written = rows.select(
            pl.concat_str([pl.col(k).str.strip_chars(" ") for k in KEY], separator="|").alias("written")
        )
    text = pl.col("written")
    is_blank = text.str.contains("||", literal=True) | text.str.starts_with("|") | text.str.ends_with("|")
    key, key_2 = hashed(written.select(pl.when(~is_blank).then(text))["written"])
    return rows.drop(KEY).with_columns(dates(rows["flx_dis_dtd"]).alias("flow_date"), key, key_2)


def prestations(rows: pl.DataFrame) -> pl.DataFrame:
    """Who, when, where, and whether it is care that counts, by key."""
    told = said("ben_res_dpt").str.to_uppercase()
    department = told.replace_strict(SPELLED, default=None, return_dtype=pl.String)
    none = [said(c).fill_null("") == NO_CARE for c in ("dpn_qlf", "prs_dpn_qlp")]
    complement = said("cpl_maj_top").cast(pl.Int32, strict=False).fill_null(0) >= FIRST_COMPLEMENT
    return keyed(rows).select(
        *("key", "key_2", "flow_date", "known_date", *PLACE),
        insured=pl.concat_str(said("ben_nir_psa").fill_null(""), said("ben_rng_gem").fill_null(""), separator="/"),
        dispensed_date=dates(rows["exe_soi_dtd"]),
        pharmacy=said("pfs_exe_num").fill_null(""),
        speciality=said("psp_spe_cod"),
        department=department,
        region=department.replace_strict(REGIONS, default=None, return_dtype=pl.String),
        birth_year=said("ben_nai_ann").cast(pl.Int32, strict=False),
        sex=said("ben_sex_cod").replace_strict(SEXES, default=None, return_dtype=pl.String),
        is_care=~(none[0] | none[1] | complement),
        is_pharmacy=said("prs_nat_ref").str.starts_with(PHARMACY).fill_null(False),
    )


def lines(rows: pl.DataFrame, table_name: str) -> pl.DataFrame:
    """Town and hospital lines alike: key, kind, pack, signed quantity."""
    if table_name == "snds_er_pha_f":
        kind, quantity, pack = "town", "pha_act_qsn", pl.format("CIP13:{}", said("pha_prs_c13"))
    else:
        unit = said("ucd_ucd_cod").str.zfill(13).str.slice(6, 7)
        kind, quantity, pack = "hospital", "ucd_dlv_nbr", pl.format("UCD7:{}", unit)
    return keyed(rows).select(
        *("key", "key_2", "flow_date", "known_date", *PLACE),
        kind=pl.lit(kind),
        pack_key=pack,
        quantity=said(quantity).cast(pl.Int32, strict=False),
        table_name=pl.lit(table_name),
    )


def joined(care: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Lines with their prestation, and the one fault (`issue`) for which a line is left out; null for a sound one."""
    once = last_told(care, ()).unique(["key", "key_2"], keep="any").drop("flow_date", "known_date", *PLACE)
    both = last_told(told, ("kind",)).join(once, on=["key", "key_2"], how="left")
    day = pl.col("dispensed_date")
    issue = (
        pl.when(pl.col("key").is_null() | pl.col("pack_key").is_null())
        .then(pl.lit("blank_key"))
        .when(pl.col("is_care").is_null())
        .then(pl.lit("orphan_line"))
        .when(~pl.col("is_care"))
        .then(pl.lit("not_reimbursed_care"))
        .when(~day.is_between(EARLIEST, pl.col("flow_date")).fill_null(False))
        .then(pl.lit("impossible_date"))
        .when(pl.col("quantity").is_null())
        .then(pl.lit("no_quantity"))
    )
    return both.with_columns(issue=issue)


def last_told(rows: pl.DataFrame, more: Sequence[str]) -> pl.DataFrame:
    """Rows whose key several deliveries tell: those of the last of them; a delivery's own rows all stay."""
    if rows["delivery_id"].n_unique() < 2:
        return rows
    sent = pl.concat_str(pl.col("known_date").cast(pl.String), "delivery_id", separator="/")
    return rows.filter(pl.col("key").is_null() | (sent == sent.max().over("key", "key_2", *more)))


def summed(flat: pl.DataFrame) -> pl.DataFrame:
    """Sound lines of each flow, insured, pack, day and pharmacy, summed: rows of `silver.dispensing`."""
    sound = flat.filter(pl.col("issue").is_null())
    by = GIVEN if sound["flow_date"].n_unique() == 1 else ("flow_date", *GIVEN)
    one = {} if "flow_date" in by else {"flow_date": pl.col("flow_date").first()}
    return sound.group_by(by).agg(
        **one,
        n_units=pl.col("quantity").sum(),
        n_lines=pl.len().cast(pl.Int32),
        n_regularisations=(pl.col("quantity") < 0).sum().cast(pl.Int32),
        prescriber_speciality=pl.col("speciality").max(),
        department=pl.col("department").max(),
        region=pl.col("region").max(),
        birth_year=pl.col("birth_year").max(),
        sex=pl.col("sex").max(),
    )


def resummed(parts: pl.DataFrame) -> pl.DataFrame:
    """Sums of parts of the lines, summed."""
    amounts = [pl.col(c).sum() for c in ("n_units", "n_lines", "n_regularisations")]
    most = [pl.col(c).max() for c in ("prescriber_speciality", "department", "region", "birth_year", "sex")]
    return parts.group_by("flow_date", *GIVEN).agg(*amounts, *most)


def faults(care: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """What is to be said of the lines, as rows of one shape told apart by `what`.

    `issue`: a faulty line, or a prestation of a pharmacy without lines. `negative`: a sound regularisation, with what
    it is of. `pack`: the first line of each pack in each delivery, and how many lines name it.
    """
    flat = joined(care, told)
    sound = flat.filter(pl.col("issue").is_null())
    alone = last_told(care, ()).filter("is_pharmacy", "is_care", pl.col("key").is_not_null())
    alone = alone.join(told, on=["key", "key_2"], how="anti")
    alone = alone.with_columns(issue=pl.lit("orphan_prestation"), table_name=pl.lit("snds_er_prs_f"))
    packs = sound.group_by("pack_key", "kind", "table_name", "delivery_id").agg(
        pl.col("line_number").min(), n_lines=pl.len()
    )
    parts = [
        flat.filter(pl.col("issue").is_not_null()).with_columns(what=pl.lit("issue"), n_lines=pl.lit(1)),
        alone.with_columns(what=pl.lit("issue"), n_lines=pl.lit(1)),
        sound.filter(pl.col("quantity") < 0).with_columns(what=pl.lit("negative"), n_lines=pl.lit(1)),
        packs.with_columns(what=pl.lit("pack")),
    ]
    return pl.concat([_shaped(part) for part in parts])


FAULT = {
    **dict.fromkeys(("what", "issue", "table_name", "delivery_id"), pl.String),
    **{"line_number": pl.Int64, "n_lines": pl.Int64},
    **dict.fromkeys(("insured", "kind", "pack_key"), pl.String),
    **{"dispensed_date": pl.Date, "pharmacy": pl.String},
}
SQL = {pl.String: "string", pl.Int64: "bigint", pl.Date: "date"}
FAULT_SQL = ", ".join(f"{name} {SQL[kind]}" for name, kind in FAULT.items())


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in FAULT.items()
    )


def said(name: str) -> pl.Expr:
    """Trim a text; blank is null."""
    text = pl.col(name).str.strip_chars(" ")
    return pl.when(text != "").then(text)
