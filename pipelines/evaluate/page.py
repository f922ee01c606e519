"""Files of an evaluation: the league as CSV, alerts and truth as Parquet, and one page that shows it, losses too."""

from __future__ import annotations

import base64
import datetime as dt
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import polars as pl

from models.evaluation.league import METRICS
from models.evaluation.methods import METHODS, MODELS, STATISTICS
from models.evaluation.metrics import kaplan_meier
from pipelines.evaluate.worlds import FIRST
from pipelines.output.cells import write_csv
from pipelines.simulator.years.history import MONTHS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pipelines.evaluate.run import Found

TEMPLATE = Path(__file__).with_name("page.html.j2")
COMPARED = ("count", "ic025", "eb05", "vigirank_like", *MODELS)
COLOURS = dict(
    zip(COMPARED, ("#999999", "#1b6ca8", "#5aa0d0", "#777744", "#8a63b0", "#d08020", "#c1440e", "#111111"), strict=True)
)
WITHIN = (6, 12, 18, 24, 36)  # months
LABELS = {
    "auc": "AUC",
    "ap": "AP",
    "ppv": "PPV",
    "reviews_per_true": "Reviews per true signal",
    "found_before": "Found before recognition",
    "lead_months": "Mean lead (months)",
}


def write(found: Found, out: Path, facts: Mapping[str, str]) -> None:
    """Write league.csv, sensitivity.csv, alerts.parquet, truth.parquet and page.html.

    Without signals also false_alerts.csv and shuffled.csv.
    """
    write_csv(found.league, out / "league.csv")
    write_csv(found.sensitivity, out / "sensitivity.csv")
    found.alerts.write_parquet(out / "alerts.parquet")
    found.truth.write_parquet(out / "truth.parquet")
    if found.false_alerts is not None:
        write_csv(found.false_alerts, out / "false_alerts.csv")
    if found.shuffled is not None:
        write_csv(found.shuffled, out / "shuffled.csv")
    (out / "page.html").write_text(page(found, facts), encoding="utf-8")


def page(found: Found, facts: Mapping[str, str]) -> str:
    """The page, self-contained."""
    league = found.league
    at = _base(league)
    has_truths = bool(league["n_truths"].max())
    domains: list[str] = league.filter(pl.col("n_truths") > 0)["domain"].unique(maintain_order=True).to_list()
    figures = [_drawn(_by_burden(league)), _drawn(_by_family(at))] if has_truths else []
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        date=dt.date.today().isoformat(),
        facts={**facts, "Version of the code": _version()},
        sections=[_section(at, domain) for domain in domains],
        figures=figures,
        losses=losses(at),
        families=_families(at) if has_truths else [],
        false_alerts=_false_alerts(found.false_alerts),
        shuffled=_rows(found.shuffled),
        sensitivity=found.sensitivity.filter(domain="all").to_dicts() if has_truths else [],
        labels=LABELS,
        waiting=waiting(found) if has_truths else [],
        within=WITHIN,
    )


def waiting(found: Found) -> list[dict[str, Any]]:
    """By method, the share of true pairs alerted within `WITHIN` months of their onset, recognised ones censored.

    At the base burden; months before alerts are judged do not count.
    """
    keys = ["seed", "domain", "substance", "event"]
    truth = found.truth.filter(pl.col("is_true") & ((pl.col("recognised") < 0) | (pl.col("recognised") > FIRST)))
    alerts = found.alerts.filter((pl.col("burden") == 1.0) & pl.col("is_true"))
    rows = []
    for method in COMPARED:
        told = truth.join(alerts.filter(method=method).select(*keys, "month"), on=keys, how="left")
        start = told["onset"].clip(FIRST).to_numpy()
        end = np.where(told["recognised"] < 0, MONTHS, told["recognised"])
        is_alerted = told["month"].is_not_null().to_numpy()
        time = np.where(is_alerted, told["month"].fill_null(0), end) - start
        kept = time >= 0
        rows.append({"method": method, "shares": kaplan_meier(time[kept].astype(float), is_alerted[kept], WITHIN)})
    return rows


def _base(league: pl.DataFrame) -> pl.DataFrame:
    """Rows at the base burden: alerts = 2 × truths."""
    rank = pl.col("burden_k").rank("dense").over("domain", "family", "stratum", "method")
    return league.filter(rank == 2)


def _section(at: pl.DataFrame, domain: str) -> dict[str, Any]:
    rows = at.filter(domain=domain, family="all", stratum="all")
    first = rows.row(0, named=True)
    shown = [{"method": r["method"], "cells": [cell(r, m) for m in METRICS]} for r in rows.iter_rows(named=True)]
    told = {k: first[k] for k in ("n_truths", "burden_k", "ppv_ceiling")}
    return {"domain": domain, **told, "rows": shown}


def cell(row: Mapping[str, Any], metric: str) -> str:
    """A metric of a row with its bounds, as text."""
    value, low, high = (row[metric + end] for end in ("", "_low", "_high"))
    if value is None:
        return "–"
    digits = 1 if metric in ("reviews_per_true", "lead_months") else 3
    return f"{value:.{digits}f}" + (f" [{low:.{digits}f}; {high:.{digits}f}]" if low is not None else "")


def losses(at: pl.DataFrame) -> list[dict[str, Any]]:
    """Where a model is behind IC025 or EB05, whichever metric, domain, family or stratum; surest losses first."""
    found = []
    for row in at.filter(pl.col("method").is_in(MODELS)).iter_rows(named=True):
        for metric in METRICS:
            sign = -1 if metric == "reviews_per_true" else 1
            for reference in ("ic025", "eb05"):
                name = f"{metric}_minus_{reference}"
                value, low, high = (row[name + end] for end in ("", "_low", "_high"))
                if value is not None and sign * value < 0:
                    keys = {k: row[k] for k in ("method", "domain", "family", "stratum", "n_truths")}
                    is_sure = low is not None and (high < 0 if sign > 0 else low > 0)
                    found.append(
                        {
                            **keys,
                            "metric": LABELS[metric],
                            "reference": reference,
                            "value": value,
                            "low": low,
                            "high": high,
                            "is_sure": is_sure,
                        }
                    )
    return sorted(found, key=lambda f: (not f["is_sure"], f["domain"] != "all"))


def _families(at: pl.DataFrame) -> list[dict[str, Any]]:
    rows = at.filter((pl.col("domain") == "all") & (pl.col("family") != "all") & pl.col("method").is_in(COMPARED))
    found = []
    for family in rows["family"].unique(maintain_order=True):
        of = {r["method"]: r for r in rows.filter(family=family).iter_rows(named=True)}
        cells = [(cell(of[m], "auc"), cell(of[m], "lead_months")) for m in COMPARED]
        found.append({"family": family, "n_truths": of["ic025"]["n_truths"], "cells": cells})
    return found


def _false_alerts(frame: pl.DataFrame | None) -> dict[str, Any]:
    """What was stated, the domains, and by method a cell of each; empty where there were signals."""
    if frame is None:
        return {}
    by_method = frame.partition_by("method", as_dict=True, maintain_order=True)
    rows = {str(method): part.to_dicts() for (method,), part in by_method.items()}
    return {"stated": frame["stated_a_month"][0], "domains": frame["domain"].unique(maintain_order=True), "rows": rows}


def _rows(frame: pl.DataFrame | None) -> list[dict[str, Any]]:
    return [] if frame is None else frame.to_dicts()


def _by_burden(league: pl.DataFrame) -> Figure:
    from matplotlib.figure import Figure

    rows = league.filter((pl.col("domain") == "all") & (pl.col("family") == "all") & (pl.col("stratum") == "all"))
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 3), ("ppv", "found_before", "lead_months"), strict=True):
        for method in COMPARED:
            one = rows.filter(method=method).sort("burden_k")
            axes.plot(one["burden_k"], one[metric], "o-", color=COLOURS[method], label=method, markersize=3)
            axes.fill_between(
                one["burden_k"], one[f"{metric}_low"], one[f"{metric}_high"], color=COLOURS[method], alpha=0.08
            )
        if metric == "ppv":
            axes.plot(one["burden_k"], one["ppv_ceiling"], ":", color="#000000", label="ceiling")
        axes.set_xscale("log")
        burdens = rows["burden_k"].unique().sort().to_list()
        axes.set_xticks(burdens, [f"{k:.2g}" for k in burdens])
        axes.minorticks_off()
        axes.set(xlabel="new pairs a month and domain", title=LABELS[metric])
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=7)
    return figure


def _by_family(at: pl.DataFrame) -> Figure:
    from matplotlib.figure import Figure

    rows = at.filter((pl.col("domain") == "all") & (pl.col("stratum") == "all") & (pl.col("n_truths") > 0))
    families = rows["family"].unique(maintain_order=True).to_list()
    figure = Figure(figsize=(10, 1 + 0.32 * len(families)), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2, sharey=True), ("auc", "lead_months"), strict=True):
        for shift, method in enumerate(("ic025", "eb05", "combined")):
            one = {r["family"]: r for r in rows.filter(method=method).iter_rows(named=True)}
            y = [i + 0.2 * (shift - 1) for i in range(len(families))]
            value = [one[f][metric] for f in families]
            axes.plot(value, y, "o", color=COLOURS[method], label=method, markersize=4)
            axes.hlines(
                y, *([one[f][metric + end] for f in families] for end in ("_low", "_high")), color=COLOURS[method]
            )
        axes.set_yticks(range(len(families)), families)
        axes.set_title(LABELS[metric])
    axes.legend(frameon=False, fontsize=8)
    return figure


def _drawn(figure: Figure) -> str:
    """The figure as base64 PNG, without a date of its own."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("gerland")
    except PackageNotFoundError:
        return "not installed"


assert set(STATISTICS) <= set(METHODS)
