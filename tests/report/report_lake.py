"""A lake in DuckDB's memory: tables in their declared schema, and a small country with scores by the real formulas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from models.disproportionality.counts import from_counts
from models.interaction.count import EIGHT
from models.interaction.methods import interactions
from models.masking.masking import COUNTS, without_masker
from models.methods import Pairs, answers
from models.mgps.fit import Prior as FittedPrior
from models.score import score_counts
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.core.table import Table
from pipelines.defs.gold.access_cohort.tables import AccessCohort
from pipelines.defs.gold.activity.tables import ReportMonth
from pipelines.defs.gold.antimicrobial.tables import AntimicrobialUse, Denominator
from pipelines.defs.gold.batch_watch.tables import BatchWatch
from pipelines.defs.gold.cascade.tables import Cascade
from pipelines.defs.gold.comparison.tables import SignalByMethod
from pipelines.defs.gold.completeness.tables import FlowTriangle, Nowcast, NowcastJudgement
from pipelines.defs.gold.defect_cluster.tables import DefectCluster
from pipelines.defs.gold.disproportionality.tables import Prior, Signal
from pipelines.defs.gold.exposure.tables import Exposure, ExposureReconciliation
from pipelines.defs.gold.gmo_follow_up.tables import GmoFollowUp
from pipelines.defs.gold.gmo_procedure_delay.tables import GmoProcedureDelay
from pipelines.defs.gold.interaction.tables import Interaction
from pipelines.defs.gold.link.tables import Link
from pipelines.defs.gold.masking.tables import Masking
from pipelines.defs.gold.pair_change.tables import PairChange
from pipelines.defs.gold.plant_view.tables import PlantView
from pipelines.defs.gold.recall_reach.tables import RecallReach
from pipelines.defs.gold.recognition.tables import Recognition
from pipelines.defs.gold.regulatory_timeline.tables import RegulatoryTimeline
from pipelines.defs.gold.reporting_rate.tables import RateComparison, ReportingRate
from pipelines.defs.gold.residue.tables import (
    MeasuredConcentration,
    PredictedConcentration,
    RiskByPlace,
    RiskQuotient,
)
from pipelines.defs.gold.shortage_episode.tables import ShortageEpisode, ShortageMonth
from pipelines.defs.gold.site_risk.tables import SiteRisk, SiteRiskReason
from pipelines.defs.gold.use_and_resistance.tables import UseAndResistance, UseResistanceAssociation
from pipelines.defs.silver.access.tables import AccessAuthorisation
from pipelines.defs.silver.environment.tables import EnvironmentParameter
from pipelines.defs.silver.establishment.tables import Establishment
from pipelines.defs.silver.product.tables import Product
from pipelines.defs.silver.recall.tables import Recall
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEvent, RegulatoryEventSubject
from pipelines.defs.silver.report.tables import DuplicateLink, Report, ReportEvent, ReportProduct
from pipelines.defs.silver.substance.tables import NameCoding, Substance

TABLES: tuple[type[Table], ...] = (
    Delivery,
    Quarantine,
    Report,
    ReportEvent,
    ReportProduct,
    DuplicateLink,
    NameCoding,
    Substance,
    Product,
    Establishment,
    Recall,
    RecallReach,
    SiteRisk,
    SiteRiskReason,
    BatchWatch,
    DefectCluster,
    AccessAuthorisation,
    AccessCohort,
    GmoProcedureDelay,
    GmoFollowUp,
    Link,
    ReportMonth,
    Exposure,
    ExposureReconciliation,
    ReportingRate,
    RateComparison,
    Cascade,
    FlowTriangle,
    Nowcast,
    NowcastJudgement,
    Denominator,
    AntimicrobialUse,
    PairChange,
    Prior,
    Signal,
    SignalByMethod,
    Interaction,
    Masking,
    RegulatoryEvent,
    RegulatoryEventSubject,
    RegulatoryTimeline,
    Recognition,
    ShortageEpisode,
    ShortageMonth,
    PlantView,
    PredictedConcentration,
    MeasuredConcentration,
    RiskByPlace,
    RiskQuotient,
    EnvironmentParameter,
    UseAndResistance,
    UseResistanceAssociation,
)
Row = dict[str, Any]
SUBSTANCES = ("MELOXICAM", "ISOTRETINOIN", "FLURALANER", "AMOXICILLIN", "SEMAGLUTIDE", "BEDINVETMAB", "VALPROIC ACID")
EVENTS = ("Vomiting", "Ataxia", "Rash pruritic", "Seizure", "Hepatic failure", "Polydipsia", "Death sudden", "Lameness")


def lake(rows: Mapping[str, list[Row]] | None = None) -> Callable[[str], pl.DataFrame]:
    """Return a query function over all declared tables, with the rows given and null elsewhere."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        layer, name = table.address().split(".")
        schema = table.arrow_schema()
        full = [dict.fromkeys(schema.names) | row for row in (rows or {}).get(table.address(), [])]
        connection.register(f"_{layer}_{name}", pa.Table.from_pylist(full, schema=schema))
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {layer}")
        connection.execute(f"CREATE VIEW {table.address()} AS SELECT * FROM _{layer}_{name}")
    return lambda sql: pl.DataFrame(connection.sql(sql).to_arrow_table())


def month_ends(first: dt.date, n: int) -> list[dt.date]:
    """Month ends from the month of `first` on."""
    starts = [
        dt.date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(n + 1)
    ]
    return [start - dt.timedelta(days=1) for start in starts[1:]]


def signals(
    population: str, counts: Mapping[tuple[str, str], list[tuple[int, int, int]]], total: list[int]
) -> list[Row]:
    """Rows of `gold.signal`: for each pair its (a, reports of substance, reports of event) at each month of 2024 on."""
    months = month_ends(dt.date(2024, 1, 31), len(total))
    prior = FittedPrior(3.0, 3.0, 1.2, 0.4, 0.3, "zero_inclusive")
    cells = [(*cell, n) for series in counts.values() for cell, n in zip(series, total, strict=True) if cell[0]]
    every = iter(score_counts(*map(list, zip(*cells, strict=True)), prior=prior).to_dicts())
    rows: list[Row] = []
    for (substance, event), series in counts.items():
        first: dict[str, dt.date] = {}
        before = 0
        for position, (a, _, _) in enumerate(series):
            if a == 0:
                continue
            scored = next(every)
            flags = {rule: bool(scored[f"is_{rule}_signal"]) for rule in ("prr", "ror", "ic", "ebgm")}
            is_new = any(met and rule not in first for rule, met in flags.items())
            first |= {rule: months[position] for rule, met in flags.items() if met and rule not in first}
            rows.append(
                {
                    **{k: v for k, v in scored.items() if k in Signal.columns},
                    **{f"is_{rule}_signal": met for rule, met in flags.items()},
                    **{f"first_{rule}_month": first.get(rule) for rule in flags},
                    "population": population,
                    "domain": population.split(":")[0],
                    "month": months[position],
                    "is_latest": position == len(total) - 1,
                    "substance_key": f"name:{substance}",
                    "substance_name": substance,
                    "term_key": f"veddra:{event}",
                    "term_name": event,
                    "n_new": a - before,
                    "is_new": is_new,
                    "prior_month": months[0],
                }
            )
            before = a
    return rows


def country(n_months: int = 36, substances: int = 12, seed: int = 1) -> dict[str, list[Row]]:
    """A small country of two domains and one species, some pairs raised from some month on."""
    draw = np.random.default_rng(seed)
    rows: dict[str, list[Row]] = {t.address(): [] for t in TABLES}
    names = [*SUBSTANCES, *(f"SUBSTANCE {i}" for i in range(max(0, substances - len(SUBSTANCES))))][:substances]
    for population, size in (("human", 900), ("veterinary", 500), ("veterinary:dog", 320)):
        total = [size * (i + 1) for i in range(n_months)]
        counts = {}
        for position, substance in enumerate(names):
            for other, event in enumerate(EVENTS):
                rate, start = (4.0, 6 + other * 3) if (position + other) % 7 == 0 else (1.0, 0)
                monthly = draw.poisson([0.35 * (rate if i >= start else 1.0) for i in range(n_months)])
                so_far = np.cumsum(monthly)
                counts[substance, event] = [
                    (int(a), int(a) + 8 * (i + 1), int(a) + 14 * (i + 1)) for i, a in enumerate(so_far)
                ]
        rows["gold.signal"] += signals(population, counts, total)
        rows["gold.prior"].append(_prior(population, total[-1]))
    best = [r for r in rows["gold.signal"] if r["substance_name"] in SUBSTANCES[:3]]
    rows["gold.signal_by_method"] = _by_method(best)
    rows["gold.interaction"] = _together()
    rows["gold.masking"] = _hidden()
    for domain, source, scale in (("human", "faers", 900), ("human", "bnpv", 240), ("veterinary", "evvet", 500)):
        rows["gold.report_month"] += _months(domain, source, scale, n_months, draw)
        rows["silver.report"] += _reports(domain, source, scale // 3, draw)
        rows["silver.name_coding"] += _codings(source)
        rows["bronze.delivery"] += _deliveries(source)
    rows["silver.report_event"] = [_event(r, i) for i, r in enumerate(rows["silver.report"])]
    rows["bronze.quarantine"] = [
        {"source": "faers", "table_name": "faers_demo", "file": "faers/DEMO24Q1.txt", "line_number": i, "raw": "SECRET"}
        | {"delivery_id": "f1", "reason": "27 fields where 25 are expected"}
        for i in range(1, 8)
    ]
    return rows


def _by_method(rows: list[Row]) -> list[Row]:
    """The answers of some methods about every row of `gold.signal`."""
    cells = from_counts(
        *(
            np.array([float(c) for c in cs])
            for cs in zip(*((row["a"], row["a"] + row["b"], row["a"] + row["c"]) for row in rows), strict=True)
        ),
        1e5,
    )
    shared = [name for name in SignalByMethod.columns if name in rows[0]]
    keys = pl.DataFrame([{name: row[name] for name in shared} for row in rows], infer_schema_length=None)
    kept = keys.select("population", "substance_key", "term_key", "month", "is_latest", "a", "expected")
    expected = np.array([row["expected"] for row in rows])
    return answers(Pairs(cells, expected), ("prr", "ror_exact", "ic", "mgps"), kept).to_dicts()


def _pair(substance: str, event: str, **more: Any) -> Row:
    return {
        **{"population": "human", "substance_key": f"name:{substance}", "substance_name": substance},
        **{"term_key": f"veddra:{event}", "term_name": event, **more},
    }


def _together() -> list[Row]:
    """St John's wort with a substance: twenty reports of an event where three were expected."""
    pair = _pair("HYPERICUM PERFORATUM", "Serotonin syndrome", substance_key_2="name:S", substance_name_2="SERTRALINE")
    counts = dict(zip(EIGHT, (20, 30, 10, 900, 10, 900, 40, 20_000), strict=True))
    return [row | pair for row in interactions(pl.DataFrame([{"population": "human", **counts}])).to_dicts()]


def _hidden() -> list[Row]:
    """A pair of 6 reports, hidden by a substance with 500 of the event's 520."""
    pair = _pair("AMOXICILLIN", "Ovarian cancer", masker_key="name:TALC", masker_name="TALC", masking_ratio=20.0)
    counts = dict(zip(COUNTS, (6, 500, 520, 20_000, 500, 1_000, 0, 10), strict=True))
    found = without_masker(pl.DataFrame([{"masking_ratio": 20.0, **counts}])).to_dicts()
    return [row | pair for row in found]


def _prior(population: str, n_reports: int) -> Row:
    return {
        **{"population": population, "month": dt.date(2026, 12, 31), "likelihood": "zero_inclusive"},
        **{"alpha1": 3.0, "beta1": 3.0, "alpha2": 1.2, "beta2": 0.4, "p": 0.3, "neg_log_likelihood": 812.5},
        **{"n_reports": n_reports, "n_pairs": 96, "is_converged": True},
        **{"model_name": "mgps_prior", "model_version": "3", "run_id": "r"},
    }


def _months(domain: str, source: str, scale: int, n_months: int, draw: np.random.Generator) -> list[Row]:
    numbers = draw.poisson(scale * (1 + 0.25 * np.sin(np.arange(n_months) / 4)))
    return [
        {"month": month, "domain": domain, "agency": "ANSM", "source": source, "country": "FR", "species": "human"}
        | {"n_reports": int(n) + 1, "n_serious": int(n) // 3, "n_death": 0, "mean_completeness": 0.6}
        for month, n in zip(month_ends(dt.date(2024, 1, 1), n_months), numbers, strict=True)
    ]


def _reports(domain: str, source: str, n: int, draw: np.random.Generator) -> list[Row]:
    return [
        {"report_key": f"{source}:{i}", "report_version": 1, "source": source, "domain": domain, "is_latest": True}
        | {"is_retracted": i % 50 == 7, "is_cluster_head": i % 20 != 3, "completeness": float(value)}
        | {"received_first_date": dt.date(2024, 1, 5), "received_latest_date": dt.date(2026, 12, 20)}
        for i, value in enumerate(draw.beta(5, 3, n))
    ]


def _event(report: Row, position: int) -> Row:
    coded = position % 30 != 0
    return {
        **{"report_key": report["report_key"], "report_version": 1, "event_seq": 1, "source": report["source"]},
        **{"reported_term": "x", "term_key": "veddra:1" if coded else None},
        "coding_method": "exact" if coded else "uncoded",
    }


def _codings(source: str) -> list[Row]:
    numbers = {"exact": 610, "salt_stripped": 120, "brand": 480, "fuzzy": 35, "uncoded": 62}
    return [
        {
            "source": source,
            "reported_name": f"{m} {i}",
            "reported_substance": "",
            "coding_method": m,
            "n_records": n // 2,
        }
        for m, n in numbers.items()
        for i in range(2)
    ]


def _deliveries(source: str) -> list[Row]:
    def one(key: str, status: str, read: int, kept: int, put_aside: int, reason: str | None = None) -> Row:
        return {
            **{"delivery_id": f"{source}-{key}", "table_name": f"{source}_case", "source": source},
            **{"file": f"{source}/{key}.txt", "known_date": dt.date(2026, 12, 20), "status": status, "reason": reason},
            **{"n_rows_read": read, "n_rows_kept": kept, "n_rows_quarantined": put_aside},
        }

    refused = [one("page", "refused", 0, 0, 0, "an HTML page, not a data file")] if source == "faers" else []
    return [one("a", "accepted", 12_000, 11_993, 7), one("b", "accepted", 4_000, 4_000, 0), *refused]
