"""Self-controlled designs and calibration on a file of one's own: what people really send, and sentences that name it."""

from __future__ import annotations

import itertools

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.analyse.files import FileError
from pipelines.cli import app

RUN = CliRunner()
SCCS = "person,event,start,end,exposure"


@pytest.fixture
def table(tmp_path):
    """Answer of a command on lines written to a file."""

    def run(command, lines, *words):
        file, out = tmp_path / "own.csv", tmp_path / "out.csv"
        file.write_text("\n".join(lines) + "\n")
        done = RUN.invoke(app, [command, str(file), *words, "--out", str(out)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return pl.read_csv(out, infer_schema_length=None)

    return run


def test_sccs_does_not_depend_on_the_order_of_rows(table):
    lines = ["1,300,1,365,", " 1,110,1,365,100", "2,120,1,365,100", "2,200,1,365,100", "3,50,1,365,200"]
    found = [
        table("sccs", [SCCS, *order]).to_dicts()
        for order in itertools.islice(itertools.permutations(lines), 0, 120, 17)
    ]
    assert all(rows == found[0] for rows in found)
    assert found[0][0]["n_events"] == 2


def test_sccs_takes_doses_washout_and_ends(table):
    lines = [SCCS + ",until", "1,110,1,365,100,142", "1,110,1,365,200,242", "2,120,1,365,100,142"]
    lines += ["3,50,1,365,200,242", "4,250,1,365,200,242", "5,30,1,365,NA,"]
    by_last, by_end = (
        table("sccs", lines, "--washout", "14,28"),
        table("sccs", lines, "--washout", "14,28", "--exposure-end", "until"),
    )
    assert by_last.equals(by_end)
    assert by_last["term"].to_list() == ["risk 1", "washout 1", "washout 2"]
    assert by_last["n_events"].to_list() == [2, 1, 0]
    assert by_last["not_computed"].to_list() == [None, None, "no event in it"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["7,5,1,9,3", "x,5,1,9,3", "x,6,1,8,3"], "row 3, person 'x': observed from 1 to 8, in row 2 from 1 to 9"),
        (["x,5,1,9,3", ",5,1,9,3"], "column 'person', row 2: no person"),
        (["x,5,1,9,3", "y,,1,9,3"], "column 'event', row 2: no day"),
        (["x,5,1,9,3", "y,5.5,1,9,3"], "column 'event', row 2: not a whole number"),
    ],
)
def test_sccs_names_the_row_and_the_person(table, lines, said):
    with pytest.raises(FileError, match=said):
        table("sccs", [SCCS, *lines])


def test_sccs_with_all_events_exposed_shows_the_other_terms(table):
    lines = ["1,110,1,365,100", "2,120,1,365,100", "4,210,1,365,200", "5,90,1,365,", "6,300,1,365,"]
    found = table("sccs", [SCCS, *lines], "--ages", "150")
    assert found["term"].to_list() == ["risk 1", "age 2"]
    assert found["not_computed"].to_list() == [
        "all events of its cases are in it: estimate and upper bound infinite",
        None,
    ]
    # Two cases without exposure are left for the age: 1 event in 150 days, 1 in 215.
    assert found["estimate"][1] == pytest.approx(150 / 215, rel=1e-9)


SYMMETRY = ["person_id,cohort,date", "1,index,2020-01-01", "1,marker,2020-02-01", "2,index,2020-03-01"]
SYMMETRY += ["2,marker,2020-03-01", "3,marker,2020-01-05", "3,index,2020-02-10", "4,index,2020-04-01"]
SYMMETRY += ["4,marker,2020-04-20", "5,index,2020-05-02", "6,marker,2020-05-03"]


def test_symmetry_counts_persons_only(table):
    row = table("symmetry", SYMMETRY).row(0, named=True)
    assert [row[n] for n in ("estimate", "lower", "upper")] == pytest.approx([1.692, 0.182, 21.0], rel=2e-3)
    assert table("symmetry", [*SYMMETRY, ",other,2020-01-01"]).row(0) == table("symmetry", SYMMETRY).row(0)
    for line, said in (
        (",index,2020-05-01", "column 'person_id', row 11: no person"),
        (" NA ,marker,2020-05-01", "column 'person_id', row 11: no person"),
        ("9,,2020-05-01", "column 'cohort', row 11: no drug"),
        (" 4,index,2020-06-01", "column 'person_id', row 11: '4' has a first 'index' in row 7 too"),
    ):
        with pytest.raises(FileError, match=said):
            table("symmetry", [*SYMMETRY, line])


def test_calibrate_shows_all_rows_beside_one_that_overflows(table):
    lines = ["log_rr,se_log_rr,truth", "0.1,0.2,0", "0.2,0.1,0", "-0.1,0.15,0", "0.05,0.3,0", "0.9,0.3,1", "1.2,,1"]
    lines += ["inf,0.4,1", "-18.0,5000,0"]
    found = table("calibrate", lines)
    assert found["estimate"].is_null().to_list() == [False] * 5 + [True, True, False]
    assert found["upper"].is_null().to_list() == [False] * 5 + [True] * 3
    assert found["not_computed"][-1] == "upper is infinite"
    assert found["estimate"][4] == pytest.approx(2.219, abs=1e-3)


TREE = "node,parent\nSOC1,\nHLT1,SOC1\nHLT2,SOC1\nPT1,HLT1\nPT2,HLT1\nPT3,HLT2\nPT4,HLT2\n"
COUNTS = ["leaf,cases,expected", "PT1,12,4", "PT2,3,4", "PT3,2,4", "PT4,3,4"]


@pytest.fixture
def hierarchy(tmp_path):
    """Path of a hierarchy, of the lines given or the usual ones."""

    def write(text=TREE, name="tree.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def with_line(at, line):
    return [*COUNTS[:at], line, *COUNTS[at + 1 :]]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (with_line(2, "PT2,-3,4"), "column 'cases', row 2: a count below 0"),
        (with_line(1, "PT1,2.5,4"), "column 'cases', row 1: not a whole number"),
        (with_line(4, "PT4,3,0"), "own.csv, row 4: 3 cases of 'PT4', where nothing is expected"),
        (with_line(3, "PT3,2,-1"), "column 'expected', row 3: a number below 0"),
        (with_line(3, "PT3,2,"), "column 'expected', row 3: nothing said of what is expected"),
        (with_line(3, "PT3,2,inf"), "column 'expected', row 3: not a finite number"),
        (with_line(2, ",3,4"), "column 'leaf', row 2: no leaf"),
        (with_line(2, "PT9,3,4"), "own.csv, row 2: 'PT9' is no leaf: it is no node of the tree"),
        ([COUNTS[0], "PT1,0,4", "PT2,0,4"], "no leaf has a case"),
        ([COUNTS[0], "PT1,0,0", "PT2,0,0"], "no leaf has a case"),
        ([COUNTS[0], "PT1,0,0", "PT2,2,0"], "own.csv, row 2: 2 cases of 'PT2', where nothing is expected"),
        (["leaf,cases,n", "PT1,5,1", "PT2,1,-1"], "column 'n', row 2: a count below 0"),
    ],
)
def test_tree_names_the_row_of_an_impossible_count(table, hierarchy, lines, said):
    words = ["--controls", "n"] if lines[0].endswith("n") else ["--expected", "expected"]
    with pytest.raises(FileError, match=said):
        table("tree", lines, "--tree", hierarchy(), *words)


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        (
            "node,parent\nPT1,HLT1\nSOC1,HLT1\nHLT1,SOC1\n",
            "tree.csv, row 2: the tree has a circle: HLT1 under SOC1 under HLT1",
        ),
        (TREE + "SOC1,SOC1\n", "tree.csv, row 8: the tree has a circle: SOC1 under SOC1"),
        (TREE + ",SOC1\n", "column 'node', row 8: no node"),
    ],
)
def test_tree_names_the_row_of_an_impossible_hierarchy(table, hierarchy, edges, said):
    with pytest.raises(FileError, match=said):
        table("tree", COUNTS, "--tree", hierarchy(edges), "--expected", "expected")


def test_an_empty_line_of_a_hierarchy_is_no_node(table, hierarchy):
    words = ("--expected", "expected", "--replications", "199")
    plain = table("tree", COUNTS, "--tree", hierarchy(), *words)
    assert table("tree", COUNTS, "--tree", hierarchy(TREE + ",\n\n"), *words).equals(plain)
    assert plain["node"].to_list()[0] == "PT1"


def test_cases_of_an_inner_node(table, hierarchy):
    found = table(
        "tree", [*COUNTS, "HLT1,4,2"], "--tree", hierarchy(), "--expected", "expected", "--replications", "199"
    )
    assert dict(found.select("node", "cases").iter_rows())["HLT1"] == 19
    assert dict(found.select("node", "cases").iter_rows())["SOC1"] == 24


def test_tree_temporal_scan(table, hierarchy, tmp_path):
    lines = ["leaf,cases,day"] + [f"PT{1 + i % 4},1,{1 + i}" for i in range(12)] + ["PT2,5,6", "HLT2,2,6"]
    words = ("--tree", hierarchy(), "--day", "day", "--replications", "199")
    even = table("tree", lines, *words, "--condition", "node").row(0, named=True)
    assert (even["node"], even["start"], even["end"], even["method"]) == ("PT2", 5, 6, "treescan_tree_temporal_node")
    kept = table("tree", lines, *words)
    assert kept["method"][0] == "treescan_tree_temporal_node_and_time"
    assert kept.filter(node="SOC1")["not_computed"][0] == "no window holds more cases than expected"
    longer = (
        table("tree", lines, *words, "--condition", "node", "--last-day", "24").filter(node="PT2").row(0, named=True)
    )
    assert longer["expected"] == pytest.approx(8 * (longer["end"] - longer["start"] + 1) / 24)
    for line, said in (("PT2,1,13", "column 'day', row 15: a day after 12"), ("PT2,1,0", "row 15: a day before 1")):
        with pytest.raises(FileError, match=said):
            table("tree", [*lines, line], *words, "--last-day", "12")
    bare, tre = tmp_path / "own.cas", hierarchy("\n".join(TREE.splitlines()[1:]) + "\n", "tree.tre")
    bare.write_text("\n".join(lines[1:]) + "\n")
    out = tmp_path / "plot.svg"
    done = RUN.invoke(
        app, ["tree", str(bare), "--tree", tre, "--day", "day", "--out", str(out)], catch_exceptions=False
    )
    assert done.exit_code == 0 and out.stat().st_size > 0
