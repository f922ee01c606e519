"""Link reports that tell of one case: pairs with their weight, probability and reasons. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.linkage.agree import agreeing
from models.linkage.blocking import DEFAULT_KEYS, candidate_pairs
from models.linkage.compare import compare, fields_of
from models.linkage.fellegi_sunter import LinkageModel, contributions, fit, probability, sum_bits
from models.linkage.verdict import Verdict, judge

LINK_FROM = 0.6
"""Probability of a link. Chosen on simulated truth; see the linkage benchmark for what it costs and gains."""


@dataclass(frozen=True)
class Linked:
    """What was found, surest first; the model behind it; and the verdict on the model."""

    found: pl.DataFrame
    model: LinkageModel
    verdict: Verdict

    @property
    def links(self) -> pl.DataFrame:
        """What was found if the model is accepted, else nothing."""
        return self.found if self.verdict.is_accepted else self.found.clear()


def link(
    reports: pl.DataFrame,
    keys: Sequence[Sequence[str]] = DEFAULT_KEYS,
    max_block: int = 300,
    link_from: float = LINK_FROM,
    n_random_pairs: int = 200_000,
    seed: int = 0,
) -> Linked:
    """Pairs of reports that are probably of one case. A pure function of the reports given.

    Args:
        reports: report_key; the columns of `fields.FIELDS`, those not required may be absent; null where unknown.
            Optionally `identified` (text): reports with the same value are known to be of one case, which teaches the
            model and is never told as a link; and `sender` (text): who sent the report. A sender who took in two
            reports on one day and gave them two numbers has told them apart (animals of one household or herd are
            told together, in the same words): they are never linked.
        keys: what candidate pairs share, see `candidate_pairs`.
        max_block: see `candidate_pairs`.
        link_from: least probability of a link.
        n_random_pairs: pairs drawn to learn how often unrelated reports agree.
        seed: of that draw.

    Returns pairs with columns left_key, right_key (left before right), weight_bits (log2 of the Bayes factor),
    probability, and for each field bits_<field>, which add up to the weight, and level_<field> (see `FIELDS`; -1 is
    unknown).

    Source: Fellegi and Sunter 1969, J Am Stat Assoc 64:1183-1210; Norén et al. 2007, Data Min Knowl Discov 14:305-328
    (vigiMatch).

    Raises:
        ValueError: a required column is absent, there are fewer than two reports, or report_key has nulls or repeats.
    """
    if reports["report_key"].null_count() or reports["report_key"].n_unique() != reports.height:
        raise ValueError("report_key must be given and differ in every row")
    if reports.height < 2:
        raise ValueError("linkage needs at least two reports")
    fields_of(reports)
    reports = reports.sort("report_key")
    group = _known_groups(reports)
    pairs = _worth_comparing(reports, group, keys, max_block)
    compared = compare(reports, pairs)
    model = fit(reports, compared, _known_pairs(group), n_random_pairs, seed)
    bits = contributions(model, compared)
    weight = sum_bits(bits, pairs.height)
    verdict = judge(model, compared, bits, weight, link_from)
    key = reports["report_key"]
    said = pl.DataFrame(
        {
            **{"left": pairs["left"], "right": pairs["right"]},
            **{"left_key": key.gather(pairs["left"]), "right_key": key.gather(pairs["right"])},
            **{"weight_bits": weight, "probability": probability(model, weight)},
            **{f"bits_{name}": values for name, values in bits.items()},
            **{f"level_{name}": values for name, values in compared.levels.items()},
        }
    ).sort("weight_bits", "left_key", "right_key", descending=[True, False, False])
    kept = agreeing(said, group, link_from)
    return Linked(said.filter(pl.Series(kept, dtype=pl.Boolean)).drop("left", "right"), model, verdict)


def _worth_comparing(
    reports: pl.DataFrame, group: NDArray[np.int64], keys: Sequence[Sequence[str]], max_block: int
) -> pl.DataFrame:
    """Candidate pairs that nobody has told to be one case, nor to be two."""
    pairs = candidate_pairs(reports, keys, max_block).pairs
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    open_question = group[left] != group[right]
    if "sender" in reports.columns:
        day = pl.concat_str("sender", pl.col("received_date").cast(pl.String), separator=" ")
        together = reports.select(day.rank("dense").cast(pl.Float64)).to_series().to_numpy()
        open_question &= together[left] != together[right]
    return pairs.filter(pl.Series(open_question, dtype=pl.Boolean))


def _known_groups(reports: pl.DataFrame) -> NDArray[np.int64]:
    """Number of the known case of each report; a report that is in none has a number of its own."""
    if "identified" not in reports.columns:
        return np.arange(reports.height)
    rows = reports.select("identified").with_row_index("row").cast({"row": pl.Int64})
    first = pl.when(pl.col("identified").is_null()).then("row").otherwise(pl.col("row").min().over("identified"))
    return rows.select(first).to_series().to_numpy()


def _known_pairs(group: NDArray[np.int64]) -> pl.DataFrame:
    """Each report of a known case with the first one of it."""
    rows = np.flatnonzero(group != np.arange(group.size))
    return pl.DataFrame({"left": group[rows], "right": rows}, schema={"left": pl.Int64, "right": pl.Int64})
