"""Train on some countries, judge on others, and put the league together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from pipelines.core.log import Say

if TYPE_CHECKING:
    import polars as pl

    from models.evaluation.methods import Examples, Fitted
    from pipelines.evaluate.worlds import Seen
    from pipelines.simulator.years.country import Size
    from pipelines.simulator.years.families import Families

STATED_RATE = 1.0  # false new pairs a month and domain, where nothing is true
QUIET = 400_001  # first seed of the countries without signals that thresholds are learned from: nothing trained there
MOST_QUIET = 12
SURE = 0.95  # that a threshold lets no more through than stated
CLUSTERS = 10_000  # numbers kept for the substances of a world


class EvaluationError(ValueError):
    """An evaluation that can't be made as asked; the message says why in one sentence."""


class NothingToJudge(EvaluationError):
    """A lake that holds no report that counts yet."""


@dataclass(frozen=True)
class Found:
    """The league, sensitivities, alerts, planted pairs, models.

    Where countries have no signals also the false alerts, and the areas of models taught labels at random.
    """

    league: pl.DataFrame
    sensitivity: pl.DataFrame
    alerts: pl.DataFrame
    truth: pl.DataFrame
    false_alerts: pl.DataFrame | None
    fitted: Fitted
    shuffled: pl.DataFrame | None = None


def seeds(text: str) -> list[int]:
    """Return the seeds of a text such as 900001-900010 or 3,5,8-9, each once, in order.

    Raises:
        EvaluationError: no numbers, or a range that runs backwards.
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise EvaluationError(f"seeds {text!r} are no numbers or ranges such as 900001-900010")
        begin, end = int(first), int(last or first)
        if end < begin:
            raise EvaluationError(f"seeds {part.strip()} run backwards")
        found += range(begin, end + 1)
    return list(dict.fromkeys(found))


def disjoint(trained: Sequence[int], judged: Sequence[int]) -> None:
    """Refuse seeds that are both trained and judged on."""
    if both := sorted(set(trained) & set(judged)):
        raise EvaluationError(f"seed {both[0]} would be trained and judged on: choose others for --seeds or --training")


def evaluate(
    judged_families: Families,
    training_families: Families,
    judged: Sequence[int],
    trained: Sequence[int],
    *,
    null: bool = False,
    processes: int = 2,
    bootstrap: int = 200,
    sizes: dict[str, Size] | None = None,
    say: Say = lambda _: None,
) -> Found:
    """Train on `trained` with the families that are for it, judge on `judged`; see `models.evaluation.league`.

    Raises:
        EvaluationError: a seed is on both sides, or there is none on one.
    """
    import polars as pl
    from threadpoolctl import threadpool_limits

    from models.evaluation import methods
    from models.evaluation.league import league
    from pipelines.evaluate.worlds import judged_world, training_examples

    if not judged or not trained:
        raise EvaluationError("needs a seed to train on and one to judge on")
    disjoint(trained, judged)
    with threadpool_limits(1), _several(processes, max(len(judged), len(trained))) as ask_all:
        examples = _examples(ask_all, training_families, trained, sizes, say)
        fitted = methods.fit(examples)
        ask = partial(judged_world, families=judged_families, fitted=fitted, null=null, sizes=sizes)
        firsts = [i * CLUSTERS for i in range(len(judged))]
        seen = list(_told(ask_all(_ask, [(ask, s, f) for s, f in zip(judged, firsts, strict=True)]), "judged", say))
        false_alerts = shuffled = None
        if null:
            learn = partial(judged_world, families=training_families, fitted=fitted, null=True, sizes=sizes)
            quiet_seeds = quiet_countries(trained, judged)
            quiet = list(_told(ask_all(_ask, [(learn, s, 0) for s in quiet_seeds]), "threshold from", say))
            false_alerts = rates(quiet, seen)
            truths = partial(training_examples, families=training_families, sizes=sizes)
            apart = methods.Examples.joined(
                list(_told(ask_all(truths, quiet_seeds), "labels at random, judged on", say))
            )
            shuffled = taught_nothing(examples, apart)
    harms = {code: name for code, (name, family) in enumerate(judged_families.items()) if family.is_harm}
    parts_judged = [one for world in seen for one in world.judged]
    table, sensitivity = league(
        parts_judged, methods.METHODS, harms, methods.REFERENCES, methods.LOG_ODDS, bootstrap, say=say
    )
    truth = pl.concat([one.truth.select(pl.lit(one.seed).alias("seed"), pl.all()) for one in seen])
    return Found(table, sensitivity, pl.concat([one.alerts for one in seen]), truth, false_alerts, fitted, shuffled)


def fitted_on(families: Families, trained: Sequence[int], processes: int = 1, say: Say = lambda _: None) -> Fitted:
    """Models fitted on simulated countries alone."""
    from threadpoolctl import threadpool_limits

    from models.evaluation import methods

    with threadpool_limits(1):
        return methods.fit(examples_of(families, trained, processes, say))


def examples_of(families: Families, trained: Sequence[int], processes: int = 1, say: Say = lambda _: None) -> Examples:
    """Training rows of simulated countries."""
    with _several(processes, len(trained)) as ask_all:
        return _examples(ask_all, families, trained, None, say)


def _examples(
    ask_all: Callable[..., Iterator[Any]],
    families: Families,
    trained: Sequence[int],
    sizes: dict[str, Size] | None,
    say: Say,
) -> Examples:
    from models.evaluation import methods
    from pipelines.evaluate.worlds import training_examples

    say(f"training on {len(trained)} countries")
    ask = partial(training_examples, families=families, sizes=sizes)
    examples = methods.Examples.joined(list(_told(ask_all(ask, trained), "trained", say)))
    say(f"fitting on {examples.n.size:,} rows, {int(examples.rows.label.sum()):,} of true pairs")
    return examples


def taught_nothing(given: Examples, judged: Examples) -> pl.DataFrame:
    """AUC of models that were taught labels at random, on labels at random and on the true ones.

    Mean over the shuffles, with the bounds (95 %) of that mean; one row a method and kind of labels.
    """
    import numpy as np
    import polars as pl
    from scipy.stats import t

    from models.evaluation.shuffled import areas

    rows = []
    for name, found in areas(given, judged).items():
        half = t.ppf(0.975, len(found) - 1) * found.std(axis=0, ddof=1) / np.sqrt(len(found))
        for labels, mean, off in zip(("at random", "true"), found.mean(axis=0), half, strict=True):
            rows.append((name, labels, len(found), float(mean), float(mean - off), float(mean + off)))
    names = ["method", "judged_on_labels", "shuffles", "auc", "auc_low", "auc_high"]
    return pl.DataFrame(rows, schema=names, orient="row")


def quiet_countries(trained: Sequence[int], judged: Sequence[int]) -> list[int]:
    """Seeds to learn thresholds from, neither trained nor judged on: there a model would know its own countries."""
    others = (seed for seed in count(QUIET) if seed not in {*trained, *judged})
    return list(islice(others, min(len(trained), MOST_QUIET)))


def allowed(stated: float) -> int:
    """Largest count whose upper Poisson bound is not above what was stated."""
    from scipy.stats import chi2

    n = 0
    while chi2.ppf(SURE, 2 * (n + 2)) / 2 <= stated:
        n += 1
    return n


def rates(quiet: Sequence[Seen], seen: Sequence[Seen]) -> pl.DataFrame:
    """False new pairs a month with the threshold that surely lets at most `STATED_RATE` through in the quiet countries.

    One row a method and domain: stated, measured, and its exact Poisson bounds (95 %).
    """
    import numpy as np
    import polars as pl

    from models.evaluation.methods import METHODS
    from models.rates.exact import poisson_interval

    rows = []
    for at, domain in enumerate(quiet[0].false_scores):
        months = seen[0].judged[at].months
        learned = -np.sort(-np.concatenate([one.false_scores[domain] for one in quiet]), axis=0)
        threshold = learned[max(allowed(STATED_RATE * months * len(quiet)), 1) - 1]
        passed = sum((one.false_scores[domain] >= threshold).sum(axis=0) for one in seen)
        lower, upper = poisson_interval(passed)
        scale = months * len(seen)
        for m, method in enumerate(METHODS):
            bounds = float(passed[m]) / scale, float(lower[m]) / scale, float(upper[m]) / scale
            rows.append((method, domain, STATED_RATE, *bounds))
    names = ["method", "domain", "stated_a_month", "measured_a_month", "measured_low", "measured_high"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _ask(given: tuple[Callable[..., Any], int, int]) -> Any:
    ask, seed, first = given
    return ask(seed, first_cluster=first)


def _told(found: Iterator[Any], what: str, say: Say) -> Iterator[Any]:
    for i, one in enumerate(found, 1):
        say(f"{what} {i}")
        yield one


@contextmanager
def _several(processes: int, tasks: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """`map` over processes that each use one thread: polars may not be forked, small matrices lose by many threads."""
    workers = max(1, min(processes, tasks))
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=one_thread) as pool:
        yield pool.map


def one_thread() -> None:
    """Let numerical libraries, which read this when they are loaded, use one thread."""
    os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})
