"""Two quarters of the simulated country, one of each era, with the quirks of the real files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.simulator.files import put_zip
from pipelines.simulator.world import World

ERA_CHANGE = dt.date(2012, 10, 1)
REPORTERS = {"physician": "MD", "pharmacist": "PH", "consumer": "CN", "other": "OT"}
NAMES = {"FR": "FRANCE", "DE": "GERMANY", "US": "UNITED STATES", "IT": "ITALY", "ES": "SPAIN", "GB": "UNITED KINGDOM"}
OLD = {
    "DEMO": "isr$case$i_f_cod$foll_seq$image$event_dt$mfr_dt$fda_dt$rept_cod$mfr_num$mfr_sndr$age$age_cod$gndr_cod$"
    "e_sub$wt$wt_cod$rept_dt$occp_cod$death_dt$to_mfr$confid$reporter_country",
    "DRUG": "isr$drug_seq$role_cod$drugname$val_vbm$route$dose_vbm$dechal$rechal$lot_num$exp_dt$nda_num",
    "REAC": "isr$pt",
    "OUTC": "isr$outc_cod",
    "RPSR": "isr$rpsr_cod",
    "THER": "isr$drug_seq$start_dt$end_dt$dur$dur_cod",
    "INDI": "isr$drug_seq$indi_pt",
}
NEW = {
    "DEMO": "primaryid$caseid$caseversion$i_f_code$event_dt$mfr_dt$init_fda_dt$fda_dt$rept_cod$mfr_num$mfr_sndr$age$"
    "age_cod$gndr_cod$e_sub$wt$wt_cod$rept_dt$to_mfr$occp_cod$reporter_country$occr_country",
    "DRUG": "primaryid$caseid$drug_seq$role_cod$drugname$val_vbm$route$dose_vbm$cum_dose_chr$cum_dose_unit$dechal$"
    "rechal$lot_num$exp_dt$nda_num$dose_amt$dose_unit$dose_form$dose_freq",
    "REAC": "primaryid$caseid$pt",
    "OUTC": "primaryid$caseid$outc_cod",
    "RPSR": "primaryid$caseid$rpsr_cod",
    "THER": "primaryid$caseid$dsg_drug_seq$start_dt$end_dt$dur$dur_cod",
    "INDI": "primaryid$caseid$indi_drug_seq$indi_pt",
}


def write(world: World, out: Path) -> None:
    """Write `aers_ascii_2012q3.zip` (LAERS) and `faers_ascii_2012q4.zip` (FAERS, with a list of deleted cases)."""
    cases = _described(world)
    old = cases.filter(pl.col("received_date") < ERA_CHANGE)
    new = cases.filter(pl.col("received_date") >= ERA_CHANGE)
    folder = out / "faers"
    files = {f"ascii/{kind}12Q3.TXT": _text(OLD[kind], rows, "$", kind) for kind, rows in _rows(old, world, OLD)}
    put_zip(folder / "aers_ascii_2012q3.zip", files)
    files = {f"ascii/{kind}12Q4.txt": _text(NEW[kind], rows, "", kind) for kind, rows in _rows(new, world, NEW)}
    gone = cases.filter(pl.col("retracted_date").is_not_null())["caseid"].unique().sort()
    files["deleted/ADR12Q4DeletedCases.txt"] = "\r\n".join(gone.to_list()).encode()
    put_zip(folder / "faers_ascii_2012q4.zip", files)


def _described(world: World) -> pl.DataFrame:
    random = world.random("faers")
    cases = world.through("faers").cases
    case_no = pl.col("case_no") + 8_000_000
    date = "%Y%m%d"
    onset = (
        pl.when(pl.col("onset_precision") == "year")
        .then(pl.col("onset_date").dt.strftime("%Y"))
        .when(pl.col("onset_precision") == "month")
        .then(pl.col("onset_date").dt.strftime("%Y%m"))
        .otherwise(pl.col("onset_date").dt.strftime(date))
    )
    in_months = pl.Series(random.random(cases.height) < 0.05)
    in_pounds = pl.Series(random.random(cases.height) < 0.2)
    age, kg = pl.col("age_years"), pl.col("weight_kg")
    is_old = pl.col("received_date") < ERA_CHANGE
    named = pl.col("country").replace_strict(NAMES, default=None)
    return cases.with_columns(
        caseid=case_no.cast(pl.String),
        isr=(pl.col("case_no") * 10 + pl.col("version") + 7_000_000).cast(pl.String),
        primaryid=case_no.cast(pl.String) + pl.col("version").cast(pl.String),
        fda_dt=pl.col("received_date").dt.strftime(date),
        init_fda_dt=pl.col("first_received_date").dt.strftime(date),
        event_dt=onset,
        i_f=pl.when(pl.col("version") > 1).then(pl.lit("F")).otherwise(pl.lit("I")),
        foll=pl.when(pl.col("version") > 1).then(pl.lit("1")),
        mfr_num="worldwide_no",
        age=pl.when(in_months).then((age * 12).round(0).cast(pl.Int64)).otherwise(age.cast(pl.Int64)).cast(pl.String),
        age_cod=pl.when(age.is_null()).then(None).when(in_months).then(pl.lit("MON")).otherwise(pl.lit("YR")),
        wt=pl.when(in_pounds).then((kg / 0.45359237).round(1)).otherwise(kg).cast(pl.String),
        wt_cod=pl.when(kg.is_null()).then(None).when(in_pounds).then(pl.lit("LBS")).otherwise(pl.lit("KG")),
        sex_cod=pl.col("sex").replace_strict({"male": "M", "female": "F"}, default="UNK"),
        occp=pl.col("reporter").replace_strict(REPORTERS, default=None),
        place=pl.when(is_old).then(named).otherwise(pl.col("country")),
    )


def _rows(cases: pl.DataFrame, world: World, layout: dict[str, str]) -> Iterable[tuple[str, pl.DataFrame]]:
    """Each file of a quarter as a frame in the columns of its layout; a column that is not simulated is blank."""
    is_old = layout is OLD
    key = ["case_no", "version"]
    ids = cases.select(*key, "caseid", "fda_dt", isr="isr", primaryid="primaryid")
    drugs = world.through("faers").products.join(ids, on=key, how="inner", maintain_order="left")
    drugs = drugs.join(_names(world), on="product_no", how="left", maintain_order="left")
    number = pl.lit("10") + pl.col("isr").str.slice(-6) + pl.col("seq").cast(pl.String).str.zfill(2)
    drug_seq = number if is_old else pl.col("seq").cast(pl.String)
    drugs = drugs.with_columns(
        drug_seq=drug_seq,
        role_cod="role",
        drugname="reported",
        val_vbm=pl.lit("1"),
        route=pl.lit("Oral"),
        dechal=pl.lit("U"),
        dsg_drug_seq=drug_seq,
        indi_drug_seq=drug_seq,
        indi_pt=pl.lit("Product Used For Unknown Indication"),
        start_dt=pl.col("fda_dt").str.slice(0, 6),
        lot_num="batch",
    )
    reactions = world.through("faers").events.join(ids, on=key, how="inner", maintain_order="left")
    reactions = reactions.join(world.terms.select("term_no", pt="human_pt"), on="term_no", maintain_order="left")
    demo = cases.with_columns(
        case="caseid",
        caseversion=pl.col("version").cast(pl.String),
        i_f_cod="i_f",
        i_f_code="i_f",
        foll_seq="foll",
        gndr_cod="sex_cod",
        occp_cod="occp",
        rept_cod=pl.lit("EXP"),
        mfr_sndr=pl.lit("SIMULATED PHARMA"),
        reporter_country="place",
        occr_country="place",
    )
    outcomes = cases.filter(pl.col("outcome").is_not_null()).with_columns(outc_cod="outcome")
    sources = cases.filter(pl.col("case_no") % 20 == 0).with_columns(rpsr_cod=pl.lit("SDY"))
    courses = drugs.filter(pl.col("case_no") % 2 == 0)
    told = drugs.filter(pl.col("case_no") % 3 == 0)
    frames = {"DEMO": demo, "DRUG": drugs, "REAC": reactions, "OUTC": outcomes}
    frames |= {"RPSR": sources, "THER": courses, "INDI": told}
    for kind, header in layout.items():
        yield kind, _laid_out(frames[kind], header.split("$"))


def _laid_out(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    return frame.select(
        (pl.col(c).cast(pl.String).fill_null("") if c in frame.columns else pl.lit("")).alias(c) for c in columns
    )


def _names(world: World) -> pl.DataFrame:
    """How senders write a product: its brand, its ingredient, the ingredient with its salt, in any case."""
    substance = {r["substance_no"]: r for r in world.substances.iter_rows(named=True)}
    rows = []
    for product in world.human_products.iter_rows(named=True):
        first = substance[product["substance_nos"][0]]
        ways = [product["brand"], first["name"], first["salt_name"] or first["name"], product["brand"].lower()]
        both = " AND ".join(substance[s]["name"] for s in product["substance_nos"])
        many = len(product["substance_nos"]) > 1
        rows.append((product["product_no"], both if many else ways[product["product_no"] % len(ways)]))
    return pl.DataFrame(rows, schema={"product_no": pl.Int64, "reported": pl.String}, orient="row")


def _text(header: str, rows: pl.DataFrame, end: str, kind: str) -> bytes:
    lines: list[Any] = [header, *("$".join(r) + end for r in rows.iter_rows())]
    data = "\n".join(lines).encode("latin-1", errors="replace") + b"\n"
    if kind == "DRUG" and len(lines) > 12:  # a collapsed line, a stray delimiter, a byte that is no UTF-8
        parts = data.split(b"\n")
        parts[5] = parts[5] + parts.pop(6)
        parts[7] = parts[7] + b"$stray"
        parts[9] = parts[9].replace(b"Oral", b"Or\xe9l")
        data = b"\n".join(parts)
    return data
