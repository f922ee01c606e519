"""`gerland watch` and `gerland power` on files as people have them."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.analyse.files import FileError
from pipelines.cli import app

RUN = CliRunner()
SPARSE = (
    "week,count\n2024-01-01,3\n2024-01-15,2\n2024-02-05,4\n2024-02-19,3\n2024-03-04,2\n2024-03-25,5\n2024-04-08,6\n"
)


@pytest.fixture
def watch(tmp_path):
    """Run `gerland watch` on a text; the table, and what was said beside it."""

    def run(text, *words):
        file, out = tmp_path / "series.csv", tmp_path / "out.csv"
        file.write_text(text)
        done = RUN.invoke(app, ["watch", str(file), *words, "--out", str(out)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return pl.read_csv(out, infer_schema_length=None), done.stderr

    return run


def monthly():
    counts = np.random.default_rng(20).poisson(20 + 5 * np.sin(np.arange(84) * np.pi / 6))
    return "month,count\n" + "".join(f"{2017 + i // 12}-{i % 12 + 1:02},{n}\n" for i, n in enumerate(counts))


def test_months_are_seen_as_months(watch):
    words = ("--time", "month", "--method", "farrington_flexible", "--years", "3", "--window", "1")
    found, said = watch(monthly(), *words)
    assert said == ""
    last = found.tail(24)
    assert last["estimate"].is_between(10, 32).all()
    assert last["is_signal"].sum() <= 3  # of 24 at 5 %
    assert watch(monthly(), *words, "--frequency", "12")[0].equals(found)
    assert watch(monthly(), *words, "--left-out", "6")[0].equals(found)
    assert not watch(monthly(), *words, "--left-out", "12")[0].equals(found)
    few, _ = watch(monthly(), *words[:4], "--years", "1", "--window", "0", "--season-levels", "12", "--left-out", "0")
    assert few["not_computed"][-1] == "12 reference periods are too few for 12 parameters"
    none, _ = watch(monthly(), "--time", "month", "--method", "farrington", "--years", "2", "--left-out", "26")
    assert none["not_computed"][-1] == "no reference period: the latest 26 are left out"
    with pytest.raises(FileError, match="--frequency is 52, but column 'month' has 12 periods a year"):
        watch(monthly(), *words, "--frequency", "52")
    with pytest.raises(FileError, match="a window of 6 periods on either side is wider than a year of 12"):
        watch(monthly(), "--time", "month", "--method", "bayes2")


@pytest.mark.samples
def test_the_reported_months(watch, shared):
    text = (shared / "cases/07-farrington-monthly/monthly.csv").read_text()
    words = ("--time", "month", "--method", "farrington_flexible", "--frequency", "12", "--window", "1")
    found, _ = watch(text, *words, "--years", "3")
    assert not found["is_signal"].tail(24).any()
    assert found["estimate"].tail(12).min() == pytest.approx(13.9, abs=0.05)
    assert found["estimate"].tail(12).max() == pytest.approx(25.1, abs=0.05)
    two, _ = watch(text, *words, "--years", "2")
    assert two["not_computed"].drop_nulls().unique().to_list() == ["needs 2 years of history"]


def test_weeks_left_out_have_no_case(watch):
    filled = SPARSE.splitlines()[:1]
    given = dict(line.split(",") for line in SPARSE.splitlines()[1:])
    for i in range(15):
        day = (dt.date(2024, 1, 1) + dt.timedelta(weeks=i)).isoformat()
        filled.append(f"{day},{given.get(day, 0)}")
    words = ("--time", "week", "--method", "ears_c1,cusum,bayes")
    sparse, said = watch(SPARSE, *words)
    whole, quiet = watch("\n".join(filled) + "\n", *words)
    assert sparse.drop("is_filled").equals(whole.drop("is_filled"))
    assert sparse["is_filled"].sum() == 8 + 8 + 8
    assert said.startswith("column 'week': no row for 2024-01-08, 2024-01-22, 2024-01-29")
    assert "and 3 more, at steps of 7 days: counted as 0" in said
    assert quiet == ""
    with pytest.raises(FileError, match=r"no row for 2024-01-08.*--gaps is refuse"):
        watch(SPARSE, *words, "--gaps", "refuse")
    with pytest.raises(FileError, match="--gaps is 'guess': zero or refuse"):
        watch(SPARSE, *words, "--gaps", "guess")


def test_an_unusual_step_is_told(watch):
    """Every other week: nobody can know whether the weeks between had no case or no period."""
    _, said = watch("week,count\n2024-01-01,3\n2024-01-15,2\n2024-01-29,4\n", "--time", "week")
    assert said == "column 'week': periods of 14 days, the largest step that reaches every row\n"


def test_the_order_of_rows_does_not_matter(watch):
    lines = monthly().splitlines()
    shuffled = [lines[0], *random.Random(1).sample(lines[1:], 84)]
    words = ("--time", "month", "--method", "farrington_flexible,ears_c2,cusum,bayes")
    assert watch("\n".join(shuffled) + "\n", *words)[0].equals(watch(monthly(), *words)[0])


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("week,count\n2024-01-01,3\n2024-01-08,2\n2024-01-01,4\n", (), "rows 1 and 3: 2024-01-01 twice"),
        ("week,count\n2024-01-01,3\nspring,2\n", (), "column 'week', row 2: not a day as the others"),
        ("week,count\n2024-01-01,3\n2024-01-09,2\n2024-01-15,2\n2024-01-22,2\n2024-01-29,3\n", (), "not regular"),
        ("week,count\n1,3\n2,-1\n", (), "column 'count', row 2: a count below 0"),
        ("week,count\n1,3\n2,1.5\n", (), "column 'count', row 2: not a whole number"),
        ("week,count\n1,3\n2,\n", (), "column 'count', row 2: no count"),
        (
            "week,count,e\n1,3,1\n2,1,0\n",
            ("--expected", "e"),
            "column 'e', row 2: nothing is expected, but something came",
        ),
        ("week,count,e\n1,3,1\n2,1,-2\n", ("--expected", "e"), "column 'e', row 2: an expected count below 0"),
        ("week,count,e\n1,0,0\n2,0,0\n", ("--expected", "e", "--method", "maxsprt"), "expect 0, which is not more"),
        ("week,count\n1,3\n2,1\n", ("--method", "cusum", "--start", "9"), "can't start at period 9 of a series of 2"),
        ("week,count\n1,3\n2,1\n", ("--alpha", "2"), "alpha must lie between 0 and 1"),
        ("week,count,e\n1,3,1\n2,1,\n", ("--expected", "e"), "column 'e', row 2: no expected count"),
        ("week,count,e\n1,3,1\n2,1,2\n4,1,2\n", ("--expected", "e"), "no row for 3.*can't be made up"),
    ],
)
def test_what_is_no_series_is_a_sentence(watch, text, words, said):
    with pytest.raises(FileError, match=said):
        watch(text, "--time", "week", *words)


def test_a_week_without_doses_is_no_look(watch):
    text = "week,count,exp\n1,0,0.5\n2,0,0\n3,1,0.4\n4,2,0.3\n5,3,0.6\n"
    words = ("--time", "week", "--method", "maxsprt,maxsprt_grouped,glr", "--expected", "exp", "--limit", "5")
    found, _ = watch(text, *words)
    merged = "week,count,exp\n1,0,0.5\n3,1,0.4\n5,2,0.3\n7,3,0.6\n"
    assert found.filter(pl.col("time") != 2)["estimate"].equals(watch(merged, *words)[0]["estimate"])
    assert found["not_computed"].null_count() == 15


def test_a_delay_is_taken(watch):
    text = "week,count,exp\n" + "".join(f"{i},{n},0.5\n" for i, n in enumerate([4, 1, 0, 0, 0, 4], 1))
    words = ("--time", "week", "--method", "maxsprt", "--expected", "exp", "--limit", "5")
    at_once, _ = watch(text, *words)
    later, _ = watch(text, *words, "--delay", "2")
    assert at_once["is_signal"][0]
    assert not later["is_signal"][0]
    assert "D = 2" in later["rule"][0]
    boundary = [float(frame["rule"][0].split()[2]) for frame in (at_once, later)]
    assert boundary == pytest.approx([3.297183, 2.267595], abs=2e-6)  # R's Sequential, by limit and delay


def test_bayes_on_the_command_line(watch):
    counts = [3, 2, 0, 4, 1, 2, 6]
    text = "week,count\n" + "".join(f"{i},{n}\n" for i, n in enumerate(counts, 1))
    found, _ = watch(text, "--time", "week", "--method", "bayes")
    assert found.select("upper", "is_signal").row(-1) == (5, True)
    strict, _ = watch(text, "--time", "week", "--method", "bayes", "--alpha", "0.001", "--window", "3")
    assert strict["not_computed"].to_list()[:3] == ["needs 3 periods of history"] * 3
    assert not strict["is_signal"][-1]


def test_one_method_that_can_say_nothing_stops_no_other(watch):
    text = "week,count,exp\n" + "".join(f"{i},0,0.1\n" for i in range(1, 12))
    methods = "cusum,ears_c1,maxsprt,maxsprt_grouped,glr,farrington,bayes"
    found, _ = watch(text, "--time", "week", "--method", methods, "--expected", "exp", "--minimum", "9")
    assert found.group_by("method").len().height == 7
    assert found.filter(pl.col("method") == "maxsprt_poisson")["not_computed"][0].startswith("no boundary errs")
    assert found.filter(pl.col("method") == "bayes")["upper"][-1] == 1


def test_power_on_the_command_line(tmp_path):
    out = tmp_path / "power.csv"

    def power(*words):
        done = RUN.invoke(app, ["power", *words, "--out", str(out)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return pl.read_csv(out)

    found = power("--limit", "20", "--relative-risk", "1,2", "--minimum", "1")
    assert found["boundary"].to_list() == pytest.approx([3.628123] * 2, abs=1e-6)
    assert found["power"].to_list() == pytest.approx([0.05, 0.920819], abs=1e-6)
    assert power("--limit", "5", "--delay", "2")["boundary"][0] == pytest.approx(2.267595, abs=1e-6)
    assert power("--looks", "5,11,17,22,30")["power"].is_sorted()
    RUN.invoke(app, ["power", "--limit", "5", "--out", str(tmp_path / "power.svg")], catch_exceptions=False)
    assert (tmp_path / "power.svg").exists()
    wrong = [([], "either --limit"), (["--limit", "2", "--minimum", "9"], "no boundary errs")]
    wrong += [(["--limit", "2", "--relative-risk", "x"], "numbers with commas"), (["--looks", "3,2"], "each above")]
    wrong += [(["--limit", "2", "--delay", "3"], "limit > delay")]
    for words, said in wrong:
        with pytest.raises(FileError, match=said):
            RUN.invoke(app, ["power", *words], catch_exceptions=False)
