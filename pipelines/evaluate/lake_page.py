"""One page about an evaluation on a lake: the league with its intervals, the facts, losses too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from models.evaluation.league import METRICS
from pipelines.evaluate.page import LABELS, cell, losses

TEMPLATE = Path(__file__).with_name("lake_page.html.j2")


def page(
    title: str,
    league: pl.DataFrame,
    facts: Mapping[str, str],
    *,
    log_scores: pl.DataFrame | None = None,
    coverage: Sequence[Mapping[str, Any]] = (),
    warnings: Sequence[str] = (),
) -> str:
    """The page, self-contained. `league` at every burden, with columns as `models.evaluation.league` makes them."""
    at = _base(league)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title,
        date=dt.date.today().isoformat(),
        facts=facts,
        warnings=warnings,
        coverage=coverage,
        sections=[_section(at, league, domain) for domain in at["domain"].unique(maintain_order=True)],
        log_scores=[] if log_scores is None else log_scores.to_dicts(),
        losses=losses(at),
        labels=LABELS,
    )


def _base(league: pl.DataFrame) -> pl.DataFrame:
    """Rows at the base burden, the second of each domain."""
    rank = pl.col("burden_k").rank("dense").over("domain", "family", "stratum", "method")
    return league.filter(rank == pl.min_horizontal(rank.max().over("domain", "family", "stratum", "method"), 2))


def _section(at: pl.DataFrame, league: pl.DataFrame, domain: str) -> dict[str, Any]:
    rows = at.filter(domain=domain, family="all", stratum="all")
    first = rows.row(0, named=True)
    shown = [{"method": r["method"], "cells": [cell(r, m) for m in METRICS]} for r in rows.iter_rows(named=True)]
    burdens = sorted(league.filter(domain=domain)["burden_k"].unique())
    told = {k: first[k] for k in ("n_truths", "burden_k", "ppv_ceiling")}
    return {"domain": domain, **told, "rows": shown, "burdens": burdens}
