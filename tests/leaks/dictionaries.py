"""Releases of the dictionaries that the country is coded by, and what later releases can do to what was coded.

A release recodes (a name stands for another substance or term), renames (the same key is shown by another name),
retires (a name is gone) and moves (a term to another preferred term or class).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.defs.silver.product.tables import Product, ProductSubstance
from pipelines.defs.silver.report.tables import ReportEvent
from pipelines.defs.sources.evvet.lists import reactions
from pipelines.defs.sources.meddra.tables import MeddraHierarchy, MeddraLlt
from pipelines.defs.sources.unii.tables import UniiName
from pipelines.defs.sources.veddra.tables import VeddraTerm
from pipelines.formats import icsr_report, veterinary
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN
from tests.rows import frame

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

D = dt.date
KINDS = ("recode", "rename", "retire", "move")
N_CODES = 6


@dataclass(frozen=True)
class Release:
    """All dictionaries as released on one day."""

    known: D
    substances: dict[str, tuple[str, str]]  # name -> UNII, name shown
    brands: dict[str, str]  # product name -> its substance
    veddra: dict[int, tuple[str, str]]  # code -> name, system organ class
    meddra: dict[int, int] = field(default_factory=lambda: {i: i for i in range(N_CODES)})  # lowest -> preferred term
    preferred: dict[int, str] = field(default_factory=lambda: {i: f"Sign {i}" for i in range(N_CODES)})


def unii(letter: str) -> str:
    """Identifier of a substance by its letter."""
    return f"UNII00000{letter}"


FIRST = Release(
    D(2022, 6, 1),
    {f"SUBSTANCE {c}": (unii(c), f"SUBSTANCE {c}") for c in "ABCDEG"},
    {"BRANDF 5 mg": "SUBSTANCE E"},
    {i: (f"Itch {i}", f"Class {i % 2}") for i in range(N_CODES)},
)


def releases() -> list[Release]:
    """What the country saw: every kind of change, in two releases before the last month."""
    second = changed(changed(FIRST, D(2023, 8, 5), "recode", 0), D(2023, 8, 5), "rename", 1)
    third = changed(changed(second, D(2023, 10, 20), "retire", 2), D(2023, 10, 20), "move", 3)
    return [FIRST, second, third, changed(third, D(2024, 2, 1), "recode", 3)]


def until(day: D, given: Iterable[Release] | None = None) -> list[Release]:
    """Releases known on a date."""
    return [r for r in given or releases() if r.known <= day]


def with_noise(day: D, kinds: Iterable[str] = KINDS) -> list[Release]:
    """The same up to a date, and then two other releases, which turn everything over."""
    made = until(day)
    for at, after in enumerate((20, 75)):
        last = made[-1]
        for kind in kinds:
            for n in range(N_CODES - 1 - at):
                last = changed(last, day + dt.timedelta(after), kind, n)
        made.append(last)
    return made


def changed(release: Release, known: D, kind: str, n: int) -> Release:
    """The next release, in which the n-th of everything was changed."""
    name = sorted(release.substances)[n % len(release.substances)]
    key, shown = release.substances[name]
    term, organ = release.veddra[n]
    if kind == "recode":
        other = (n + 1) % N_CODES
        swapped = {n: (release.veddra[other][0], organ), other: (term, release.veddra[other][1])}
        substances = release.substances | {name: (f"OTHER0000{n}", shown)}
        brands = release.brands | {"BRANDF 10 mg": "SUBSTANCE A"}
        return replace(release, known=known, substances=substances, brands=brands, veddra=release.veddra | swapped)
    if kind == "rename":
        named = {s: (k, f"NEW {v}" if k == key else v) for s, (k, v) in release.substances.items()}
        renamed = release.preferred | {n: f"{release.preferred[n]} renamed"}
        veddra = release.veddra | {n: (f"{term}, renamed", organ)}
        return replace(release, known=known, substances=named, veddra=veddra, preferred=renamed)
    if kind == "retire":
        left = {s: v for s, v in release.substances.items() if s != name or len(release.substances) == 1}
        return replace(release, known=known, substances=left)
    moved = release.meddra | {n: (release.meddra[n] + 2) % N_CODES}
    return replace(release, known=known, meddra=moved, veddra=release.veddra | {n: (term, f"{organ} moved")})


def bronze(spark: SparkSession, given: Iterable[Release]) -> dict[str, DataFrame]:
    """The releases as the tables that they land in; of the registers, as the tables made of them."""
    rows: dict[Any, list[dict[str, Any]]] = {t: [] for t in (UniiName, VeddraTerm, MeddraLlt, MeddraHierarchy)}
    products: dict[str, tuple[D, str]] = {}
    for release in given:
        told = {"known_date": release.known, "line_number": 1}
        for name, (key, shown) in release.substances.items():
            rows[UniiName].append(
                {"substance_name": name, "name_type": "cn", "unii": key, "display_name": shown, **told}
            )
            rows[UniiName].append(
                {"substance_name": shown, "name_type": "of", "unii": key, "display_name": shown, **told}
            )
        for code, (name, organ) in release.veddra.items():
            levels = {f"{level}_{part}": f"{level} {code}" for level in ("pt", "hlt") for part in ("code", "name")}
            term = {"llt_code": str(code), "llt_name": name, "soc_code": organ, "soc_name": organ, "term_type": "C"}
            rows[VeddraTerm].append({**levels, **term, **told})
        for code, preferred in release.meddra.items():
            llt = {"llt_code": f"L{code}", "llt_name": f"Lay word {code}", "pt_code": f"P{preferred}"}
            rows[MeddraLlt].append({**llt, **told})
        for code, name in release.preferred.items():
            path = {"pt_code": f"P{code}", "pt_name": name, "soc_name": "Signs", "primary_soc_fg": "Y"}
            rows[MeddraHierarchy].append({**path, **told})
        for product, held in release.brands.items():
            products.setdefault(product, (release.known, held))
    found = {t.address(): frame(spark, t, listed) for t, listed in rows.items()}
    common = [{"product_key": f"CIS:{p}", "source": "bdpm", "valid_from": day} for p, (day, _) in products.items()]
    named = [{"product_name": p, "domain": "human", **c} for p, c in zip(products, common, strict=True)]
    held = [
        {"source_substance_name": s, "nature": "SA", "ingredient_seq": 1, **c}
        for (_, s), c in zip(products.values(), common, strict=True)
    ]
    return found | {
        "silver.product": frame(spark, Product, named),
        "silver.product_substance": frame(spark, ProductSubstance, held),
    }


def coded_events(versions: DataFrame, terms: DataFrame) -> DataFrame:
    """An event of each version by its VeDDRA code, one by its MedDRA code, and a list of VeDDRA names."""
    number = F.pmod(F.hash("report_key"), F.lit(N_CODES))
    text = number.cast("string")
    names = F.array_join(F.array(F.concat(F.lit("Itch "), text), F.lit("Itch 1"), F.lit("renamed")), ", ")
    code = F.struct(text.alias("veddra_term_code"), F.lit(None).cast("string").alias("veddra_term_name"))
    lowest = F.from_json(F.concat(F.lit('[{"code": "L'), text, F.lit('"}]')), icsr_report.REACTION_SQL)
    told = versions.select("report_key", "report_version", F.array(code).alias("reaction"))
    by_code = veterinary.events(told, terms, "gl42").withColumn("event_seq", F.lit(101))
    sent = versions.select("report_key", "report_version", lowest.alias("reactions"))
    by_release = icsr_report.report_event(sent, terms, "e2b").withColumn("event_seq", F.lit(201)).drop("outcome")
    listed = versions.select("report_key", "report_version", names.alias("reaction"))
    split = listed.join(reactions(listed, terms), on="reaction", how="inner").select(
        *(
            "report_key",
            "report_version",
            (F.col("event_seq") + 300).alias("event_seq"),
            F.lit("evvet").alias("source"),
        ),
        *("reported_term", "term_key", F.lit("exact").alias("coding_method")),
        *(F.col(c).alias(c.replace("known", "coded")) for c in SPAN),
    )
    return reduce(DataFrame.unionByName, [conformed(part, ReportEvent) for part in (by_code, by_release, split)])
