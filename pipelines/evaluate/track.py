"""Evaluations and models of `gerland evaluate` in MLflow: what was asked, with which code, and what came of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.core.log import Say
from pipelines.evaluate.run import EvaluationError
from pipelines.settings import ROOT, settings

if TYPE_CHECKING:
    import polars as pl

    from models.evaluation.methods import Fitted

CODE = ("models/evaluation", "pipelines/evaluate", "pipelines/simulator/years")
LIBRARIES = ("numpy", "scikit-learn", "scipy", "polars", "duckdb")
FILES = ("league.csv", "log_scores.csv", "sensitivity.csv", "reference.csv", "page.html")


def log(kind: str, facts: Mapping[str, str], league: pl.DataFrame, out: Path) -> str:
    """Log an evaluation with the versions and the code that made it; return the identity of the run."""
    from models.evaluation.registry import log as logged

    versions = {name: version(name) for name in LIBRARIES} | {"code": code()}
    files = [out / name for name in FILES if (out / name).is_file()]
    return logged(str(settings().tracking), kind, {**facts, **versions}, league, files)


def code() -> str:
    """Hash of the files that an evaluation is made by: the same code gives the same numbers from the same seeds."""
    found = hashlib.sha256()
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".py", ".toml"):
                found.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return found.hexdigest()[:16]


def register(fitted: Fitted, run_id: str, league: pl.DataFrame, out: Path, facts: Mapping[str, str], say: Say) -> None:
    """Register the models as challenger, and make them champion where they win; write the model card."""
    from models.evaluation import registry

    tracking = str(settings().tracking)
    number = registry.register(tracking, fitted, run_id)
    is_champion = registry.wins(league)
    (out / "model_card.md").write_text(card(fitted, number, is_champion, league, facts), encoding="utf-8")
    if is_champion:
        registry.promote(tracking, league)
        say(f"{registry.MODEL} {number} is champion; `gerland evaluate --rollback` puts the former one back")
    else:
        say(f"{registry.MODEL} {number} is challenger: {', '.join(registry.DECIDING)} are not all above zero")


def rollback(say: Say) -> None:
    """Make the former champion champion again."""
    from models.evaluation import registry

    try:
        say(f"{registry.MODEL} {registry.rollback(str(settings().tracking))} is champion again")
    except LookupError as error:
        raise EvaluationError(str(error)) from None


def champion() -> Fitted:
    """The champion of the registry."""
    from models.evaluation import registry

    try:
        return registry.champion(str(settings().tracking))
    except LookupError as error:
        raise EvaluationError(f"{error}: register one with `gerland evaluate --register`") from None


def card(fitted: Fitted, number: str, is_champion: bool, league: pl.DataFrame, facts: Mapping[str, str]) -> str:
    """Model card by the seven principles of CIOMS working group XIV, from what was measured."""
    from models.evaluation.features import FEATURES
    from models.evaluation.known import FEWEST
    from models.evaluation.registry import DECIDING, JUDGED_BY, TOLD, base

    own, other = base(league, JUDGED_BY), base(league, "ic025")
    line = fitted.logistic["triage"]
    strongest = [line.names[i] for i in np.argsort(-np.abs(line.coefficients))[:8]]
    measured = "\n".join(f"| {name} | {_said(own.get(name))} | {_said(other.get(name))} |" for name in TOLD)
    decided = "; ".join(f"{name} {_said(own.get(name))}" for name in DECIDING)
    told = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return f"""# Triage model, version {number}: {"champion" if is_champion else "challenger"}

{told}
- code: {code()}

## Risk-based approach
It orders pairs for review and decides nothing. What it leaves out stays in `gold.signal`. Pairs under {FEWEST} reports
have no score.

## Human oversight
An assessor sees, with each alert, what raised it; parts sum to the score. One command puts the former champion back.

## Validity and robustness
| | this model | IC025 |
|---|---|---|
{measured}

It is champion only where these are above zero: {decided}.

## Transparency
{len(FEATURES)} features, no margin, month or age among them. The logistic leans most on: {", ".join(strongest)}.

## Data privacy
Trained on simulated countries: no person's data is in it.

## Fairness and equity
Trained on countries whose parameters are assumptions; species, regions and domains that report little are judged in
the league by domain and stratum. Losses are on the page of the evaluation.

## Governance and accountability
Run, seeds, versions and code are logged in MLflow with this card; the same seeds and code give the same numbers.
"""


def _said(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "not measured"
