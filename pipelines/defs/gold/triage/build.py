"""The lists, and what watches over them: one walk through the lake, two tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from pipelines.core.log import log
from pipelines.core.step import writing_step
from pipelines.defs.gold.triage.tables import Triage, TriageMonitor
from pipelines.evaluate import standing
from pipelines.lake.few import replaced

if TYPE_CHECKING:
    from pipelines.lake.commit import Written
    from pipelines.lake.platform import Platform

SETTINGS = ("triage_workload", "signal_months")
ALSO = {"model": standing.model_version}


@writing_step(Triage, *standing.READS, settings=SETTINGS, also=ALSO)
def triage(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """List the new pairs of each month that an agency reviews."""
    return replaced(platform.lake, Triage, standing.once(platform, inputs, _listed)[0], inputs)


@writing_step(TriageMonitor, *standing.READS, settings=SETTINGS, also=ALSO)
def triage_monitor(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Hold the features against those of training, and the scores against what came."""
    return replaced(platform.lake, TriageMonitor, standing.once(platform, inputs, _listed)[1], inputs)


def _listed(platform: Platform) -> tuple[pl.DataFrame, pl.DataFrame]:
    from pipelines.evaluate.listed import by_engine, lists, until

    if (reports := standing.read(platform)) is None:
        return pl.DataFrame(), pl.DataFrame()
    for line in reports.told:
        log(line)
    combined, model = standing.model(platform)
    settings = platform.settings
    score = by_engine(platform.spark, combined)
    only_last = settings.signal_months == "latest"
    rows, watched = lists(reports, combined, model, settings.triage_workload, score, only_last)
    return until(rows, platform.as_of), until(watched, platform.as_of)
