"""Every method judged by the reference of the lake: one walk, two tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from pipelines.core.log import log
from pipelines.core.step import writing_step
from pipelines.defs.evaluation.league.tables import Alert, League
from pipelines.evaluate import standing
from pipelines.evaluate.run import EvaluationError
from pipelines.lake.few import replaced

if TYPE_CHECKING:
    from pipelines.lake.commit import Written
    from pipelines.lake.platform import Platform

REFERENCE = "evaluation.reference"
BOOTSTRAP = 100  # draws for the intervals of a run; `gerland evaluate --lake` takes more
ALSO = {"model": standing.model_version}


@writing_step(Alert, REFERENCE, *standing.READS, also=ALSO)
def alert(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """What each method would have raised, month by month."""
    return replaced(platform.lake, Alert, standing.once(platform, inputs, _judged)[0], inputs)


@writing_step(League, REFERENCE, *standing.READS, also=ALSO)
def league(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """What that was worth."""
    return replaced(platform.lake, League, standing.once(platform, inputs, _judged)[1], inputs)


def _judged(platform: Platform) -> tuple[pl.DataFrame, pl.DataFrame]:
    from pipelines.evaluate.panel import Standing
    from pipelines.evaluate.referenced import judged
    from pipelines.evaluate.rows import alert_rows, league_rows, stored

    nothing = pl.DataFrame(), pl.DataFrame()
    if (reports := standing.read(platform)) is None:
        return nothing
    rows = pl.DataFrame(platform.lake.small(REFERENCE, list(platform.lake.tables[REFERENCE].columns)))
    if rows.is_empty():
        log(standing.NO_REFERENCE)
        return nothing
    source, pairs, resolved = stored(rows, reports)
    combined, model = standing.model(platform)
    try:
        found = judged(reports, pairs, resolved, Standing(combined), BOOTSTRAP, lambda _: None, is_fixed=False)
    except EvaluationError as error:
        log(str(error))
        return nothing
    for line in found.warnings:
        log(line)
    return alert_rows(source, found, reports, model), league_rows(source, found.league, model)
