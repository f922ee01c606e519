"""The cube: what it holds equals a recount, and increments end where a rebuild does."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.cube.kernels import add, cells_of, grouped, negative
from models.cube.keys import pack, unpack
from models.cube.levels import Groups
from models.cube.months import month_code, month_end
from pipelines.defs.gold.pair_change import build
from pipelines.defs.gold.pair_change.count import contribution
from pipelines.defs.gold.pair_change.tables import PairChange
from pipelines.defs.silver.coded_report.tables import CodedReport
from pipelines.lake.lake import Lake

CODES = st.lists(st.integers(1, 4), max_size=3, unique=True).map(sorted)
VERSION = st.tuples(st.integers(0, 5), st.none() | st.integers(1, 6), st.integers(0, 2), CODES, CODES)
HISTORIES = st.dictionaries(st.integers(0, 30), VERSION, max_size=12)


def rows(history):
    return [
        {
            "report_key": f"c{key}",
            "report_version": 1,
            "month_from": start,
            "month_to": start + lasts if lasts else None,
            "stratum": stratum,
            "substances": substances,
            "taken": substances,
            "terms": terms,
        }
        for key, (start, lasts, stratum, substances, terms) in sorted(history.items())
    ]


def table(history):
    return pa.Table.from_pylist(rows(history), schema=CodedReport.arrow_schema())


def recount(history) -> dict:
    counted: Counter = Counter()
    for start, lasts, stratum, substances, terms in history.values():
        for month, sign in ((start, 1), *([(start + lasts, -1)] if lasts else [])):
            for substance in (0, *substances):
                for term in (0, *terms):
                    counted[month, substance, term, stratum] += sign
    return {key: n for key, n in counted.items() if n}


def as_dict(counts) -> dict:
    c = unpack(*counts)
    keys = zip(c.month.tolist(), c.substance.tolist(), c.term.tolist(), c.stratum.tolist(), strict=True)
    return dict(zip(keys, c.n.tolist(), strict=True))


@given(HISTORIES)
def test_the_contribution_of_versions_is_a_recount(history):
    assert as_dict(contribution(table(history))) == recount(history)


@given(st.lists(st.dictionaries(st.integers(0, 50).map(np.uint64), st.integers(-3, 3).filter(bool)), max_size=6))
def test_sums_of_sorted_counts_do_not_depend_on_how_they_are_merged(parts):
    sparse = [(np.array(sorted(p), np.uint64), np.array([p[k] for k in sorted(p)], np.int64)) for p in parts]
    expected = Counter()
    for part in parts:
        expected.update({int(k): n for k, n in part.items()})
    for summed in (add(sparse), grouped(*(np.concatenate([p[i] for p in sparse] or [[]]) for i in (0, 1)))):
        assert dict(zip(summed[0].tolist(), summed[1].tolist(), strict=True)) == {
            k: n for k, n in expected.items() if n
        }
    assert add([*sparse, *map(negative, sparse)])[0].size == 0


def test_codes_survive_packing_and_those_that_do_not_fit_are_refused():
    codes = [np.array(v) for v in ([0, 4095], [1, 262143], [262143, 0], [65535, 7])]
    cells = unpack(pack(*codes), np.ones(2))
    for given_codes, back in zip(codes, (cells.month, cells.substance, cells.term, cells.stratum), strict=True):
        assert (given_codes == back).all()
    with pytest.raises(ValueError, match="term codes must lie in"):
        cells_of(np.array([1]), np.array([0]), (np.array([0, 0]), np.array([])), (np.array([0, 1]), np.array([262144])))


@given(st.dates(dt.date(1900, 1, 1), dt.date(2241, 1, 1)))
def test_months_are_counted_from_1900(day):
    end = month_end(month_code(day))
    assert (end.year, end.month) == (day.year, day.month)
    assert (end + dt.timedelta(1)).day == 1


@pytest.mark.spark
@settings(max_examples=4, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(HISTORIES, min_size=2, max_size=3))
def test_a_chain_of_increments_ends_where_a_rebuild_does(spark, tmp_path_factory, states):
    """Each state is a whole new one: cases appear, change, merge with others and are retracted."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("lake")), {t.address(): t for t in (CodedReport, PairChange)})
    whole = Lake(spark, str(tmp_path_factory.mktemp("whole")), lake.tables)
    n_rebuilt = 0
    for state in states:
        frame = spark.createDataFrame([tuple(r.values()) for r in rows(state)], CodedReport.spark_schema())
        lake.upsert(CodedReport, frame, {})
        inputs = lake.versions([build.FEED])
        changes = build._changes(lake, inputs)
        n_rebuilt += changes is None
        build.rebuild(lake, inputs) if changes is None else build.increment(lake, changes, inputs)
        assert stored(lake) == {(month_end(m), *rest): n for (m, *rest), n in recount(state).items()}
    assert n_rebuilt == 1
    whole.upsert(CodedReport, frame, {})
    build.rebuild(whole, whole.versions([build.FEED]))
    assert stored(whole) == stored(lake)


def stored(lake) -> dict:
    columns = ("month", "substance", "term", "stratum")
    return {tuple(r[c] for c in columns): r["n_change"] for r in lake[PairChange.address()].collect()}


RAGGED = st.dictionaries(st.integers(1, 6), st.sets(st.integers(1, 4), min_size=1), max_size=6)


@given(RAGGED, st.lists(st.lists(st.integers(1, 7), unique=True, max_size=5), max_size=8))
def test_groups_of_a_report_are_named_once_however_many_members_it_names(groups, reports):
    pairs = [(code, group) for code, members in groups.items() for group in members]
    raising = Groups.of([c for c, _ in pairs], [g for _, g in pairs])
    offsets = np.cumsum([0, *map(len, reports)])
    at, found = raising.raised((offsets, np.array([c for r in reports for c in r], dtype=np.int64)))
    wanted = [sorted(set().union(*(groups.get(c, set()) for c in report))) for report in reports]
    assert [found[low:high].tolist() for low, high in itertools.pairwise(at)] == wanted
