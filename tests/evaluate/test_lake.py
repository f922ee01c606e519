"""A lake as arrays: what each month knew, against a count of the reports by another way; replication by the command."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from models.evaluation.features import FEATURES, features
from models.evaluation.known import EVIDENCE, REGIONS, SUBGROUPS, walk
from models.evaluation.league import METRICS
from models.evaluation.methods import METHODS
from pipelines.cli import app
from pipelines.evaluate.lake import read, window
from pipelines.evaluate.run import EvaluationError
from tests.evaluate.small_lake import EVENTS, MONTHS, SUBSTANCES, drawn, lake

LINKS = [  # two reports, the month in which they were linked, and that in which somebody told them apart
    ("r00003", "r00006", 40, None),
    ("r00030", "r00033", 20, None),
    ("r00009", "r00012", 10, 25),  # over by the second month that is looked at
    ("r00012", "r00015", 22, 34),  # overlaps it: the report in both is a copy until the later end
    ("r00018", "r00021", 5, 12),
    ("r00018", "r00024", 30, None),  # a copy again
    ("r00027", "r00036", 20, 20),  # told apart in the same month
]


@pytest.fixture(scope="module")
def rows():
    return drawn()


@pytest.fixture(scope="module")
def root(rows, tmp_path_factory):
    return lake(tmp_path_factory.mktemp("lake"), rows, LINKS)


@pytest.fixture(scope="module")
def reports(root):
    return read(str(root))


def standing(rows, domain, t):
    """Versions that stand at the end of a month."""
    return [r for r in rows if r["domain"] == domain and r["from"] <= t and (r["to"] is None or r["to"] > t)]


@pytest.mark.parametrize("t", [20, 33, 47])
def test_sums_are_what_a_count_of_standing_versions_says(rows, reports, t):
    for name, sums in walk({k: d.counted for k, d in reports.domains.items()}, [t]):
        domain = reports.domains[name]
        known = standing(rows, name, t)
        before = standing(rows, name, t - 12)
        s_of, e_of = domain.substances["code"].to_numpy() - 1, domain.events["code"].to_numpy() - 1
        assert sums.n_total[0] == len(known)
        pairs = {
            (int(s_of[s]), int(e_of[e])): i for i, (s, e) in enumerate(zip(sums.substance, sums.event, strict=True))
        }
        for s in range(SUBSTANCES):
            for e in range(EVENTS):
                mine = [r for r in known if s in r["suspect"] and e in r["events"]]
                if len(mine) < 2:
                    assert (s, e) not in pairs
                    continue
                i = pairs[s, e]
                assert sums.n[i] == len(mine)
                assert sums.n_substance[i] == sum(s in r["suspect"] for r in known)
                assert sums.n_event[i] == sum(e in r["events"] for r in known)
                earlier = sum(s in r["suspect"] and e in r["events"] for r in before)
                assert sums.recent[0, i] == max(len(mine) - earlier, 0)
                told = dict(zip(EVIDENCE, sums.evidence[i], strict=True))
                assert told["serious"] == sum(bool(r["serious"]) for r in mine)
                assert told["consumer"] == sum(r["reporter"] == "consumer" for r in mine)
                assert told["literature"] == sum(r["type"] == "literature" for r in mine)
                assert told["onset_known"] == sum(r["days"] is not None for r in mine)
                assert told["onset_early"] == sum(r["days"] == 3 for r in mine)
                assert told["rechallenge"] == sum(r["rechallenge"] == "positive" for r in mine)
                assert told["suspect"] == sum(r["suspect"] in ([s],) or r["suspect"][0] == s for r in mine)
                twins = {key for a, b, m, end in LINKS for key in (a, b) if m <= t and (end is None or t < end)}
                assert told["copy"] == sum(r["key"] in twins for r in mine)
                batches = [r["batch"] for r in mine if r["batch"]]
                same = [batches.count(b) for b in set(batches)]
                assert sums.batch_links[i] == sum(n * (n - 1) // 2 for n in same)
                assert sums.regions[i].sum() == sums.subgroups[i].sum() == len(mine)
        assert np.isfinite(features(sums)).all()


def test_nothing_later_is_known(rows, root, reports, tmp_path):
    cut = 30
    changed = [
        r | {"events": [(e + 5) % EVENTS for e in r["events"]], "serious": False} if r["from"] > cut else r
        for r in rows
    ]
    for row in changed:
        if row["to"] is not None and row["to"] > cut:
            row["to"] = row["to"]
    other = read(
        str(
            lake(
                tmp_path / "other",
                changed,
                [(a, b, m, None if end is None or end > cut else end) for a, b, m, end in LINKS if m <= cut],
            )
        )
    )
    both = [list(walk({k: d.counted for k, d in one.domains.items()}, [15, cut])) for one in (reports, other)]
    for (_, one), (_, two) in zip(*both, strict=True):
        assert features(one).tobytes() == features(two).tobytes()


def test_first_receipts_are_those_of_the_first_version(rows, reports):
    for name, domain in reports.domains.items():
        first = [r for r in rows if r["domain"] == name and r["version"] == 1]
        assert domain.received.total.tolist() == [sum(r["from"] == t for r in first) for t in range(reports.months)]
        assert domain.received.n.sum() == sum(len(r["suspect"]) * len(r["events"]) for r in first)
    assert reports.months == MONTHS
    assert len(FEATURES) == features(next(iter(walk({"": domain.counted}, [40])))[1]).shape[1]
    assert domain.counted.sums.shape[1] == 1 + len(EVIDENCE) + SUBGROUPS + REGIONS + 1


def test_stray_months_make_no_window():
    months = [5, *range(1300, 1340), 1500]
    n = [1, *[100] * 40, 2]
    assert window(pl.DataFrame({"month": months, "n": n})) == (1300, 1339)


def test_replication_by_the_command(root, tmp_path):
    words = ["evaluate", "--replicate", "--lake", str(root), "--out", str(tmp_path / "out"), "--bootstrap", "20"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    league = pl.read_csv(tmp_path / "out" / "league.csv", infer_schema_length=None)
    keys = ["method", "domain", "family", "stratum", "burden_k", "ppv_ceiling", "n_truths"]
    assert league.columns[: len(keys) + 3 * len(METRICS)] == [
        *keys,
        *(m + b for m in METRICS for b in ("", "_low", "_high")),
    ]
    assert set(league["method"]) == set(METHODS)
    assert set(league["domain"]) == {"all", "human", "veterinary"}
    one = league.filter(domain="all", stratum="all", method="ic025")
    assert one["burden_k"].to_list() == [10, 20, 40, 80]
    assert (one["ppv"] <= one["ppv_ceiling"] + 1e-9).all()
    alerts = pl.read_parquet(tmp_path / "out" / "alerts.parquet")
    assert alerts.filter(pl.col("rank") == 1)["substance"].is_not_null().all()
    scores = pl.read_csv(tmp_path / "out" / "log_scores.csv")
    assert scores["estimate"].to_list() == ["none", "raw", "ic", "ebgm", "borrowed"]
    page = (tmp_path / "out" / "page.html").read_text()
    assert "Losses" in page
    assert "2015-01 to 2018-12" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--lake", "/nowhere/at/all", "--replicate"], "there is no lake at /nowhere/at/all"),
        (["--lake", ".", "--replicate"], "has not been built here yet"),
        (["--lake", "."], "evaluation.reference has not been built here yet"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, words, said):
    done = CliRunner().invoke(app, ["evaluate", "--out", str(tmp_path / "out"), *words])
    assert isinstance(done.exception, EvaluationError)
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()
