"""Commands on a file of one's own: the references' inputs give their outputs in one line, errors are a sentence."""

from __future__ import annotations

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.analyse.files import FileError
from pipelines.cli import app

RUN = CliRunner()


def run(*words) -> pl.DataFrame | None:
    done = RUN.invoke(app, [str(w) for w in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return None


def table(out, *words) -> pl.DataFrame:
    run(*words, "--out", out)
    return pl.read_csv(out, infer_schema_length=None)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.csv"


@pytest.mark.samples
def test_lrt(shared, out):
    file = shared / "references/pvlrt_statin46/statin46.csv"
    found = table(out, "lrt", file, "--event", "AE", "--reference", "Other", "--over", "table")
    assert found["llr"][0] == pytest.approx(8026.538232, abs=1e-5)
    assert found["is_signal"].sum() == 110
    run("lrt", file, "--event", "AE", "--reference", "Other", "--out", out.with_suffix(".png"))


@pytest.mark.samples
def test_watch(shared, out):
    folder = shared / "references/surveillance_farrington"
    words = ("watch", folder / "salmonella_agona.csv", "--time", "idx", "--count", "observed")
    found = table(out, *words, "--method", "ears_c1,cusum", "--alpha", "0.05", "--start", "209")
    for method, name in (("ears_c1", "ears_C1"), ("cusum", "cusum_standard")):
        expected = pl.read_csv(folder / f"expected_salmonella_agona_{name}.csv")
        both = found.filter(pl.col("method") == method).join(expected, left_on="time", right_on="idx")
        assert both.height == expected.height
        assert (both["upper"] - both["upperbound"]).abs().max() < 1e-9
    found = table(out, *words, "--method", "farrington_flexible", "--alpha", "0.1", "--errors", "working")
    expected = pl.read_csv(folder / "expected_salmonella_agona_control2.csv")
    both = found.join(expected, left_on="time", right_on="idx")
    assert both["upper"].to_list() == pytest.approx(both["upperbound"].to_list(), rel=1e-5)
    run(*words, "--method", "ears_c1,ears_c2,ears_c3,cusum,farrington", "--out", out.with_suffix(".svg"))


def test_watch_with_expected_counts(tmp_path, out):
    file = tmp_path / "series.csv"
    file.write_text("week;n;e\n" + "".join(f"{i};{1 + 4 * (i > 12)};1.0\n" for i in range(1, 25)))
    words = (
        "watch",
        file,
        "--time",
        "week",
        "--count",
        "n",
        "--expected",
        "e",
        "--method",
        "maxsprt,maxsprt_grouped,glr",
    )
    found = table(out, *words)
    first = found.filter("is_signal").group_by("method", maintain_order=True).first()
    assert dict(first.select("method", "time").iter_rows()) == {
        "maxsprt_poisson": 15,
        "maxsprt_poisson_grouped": 15,
        "poisson_glr": 14,
    }
    run(*words, "--out", out.with_suffix(".png"))


@pytest.mark.samples
def test_tree(shared, tmp_path, out):
    folder = shared / "references/treescan_examples"
    words = ("tree", folder / "Poisson.cas", "--tree", folder / "tree.tre", "--expected", "population")
    found = table(out, *words)
    assert found["node"][:2].to_list() == ["Leaf9", "Node3"]
    assert found["llr"][:2].to_list() == pytest.approx([13.136308, 11.148394], abs=1e-6)
    run(*words, "--out", out.with_suffix(".png"))
    words = ("tree", folder / "Bernoulli.cas", "--tree", folder / "tree.tre", "--controls", folder / "Bernoulli.ctl")
    best = pl.read_csv(folder / "expected_bernoulli_conditional.csv").row(0, named=True)
    first = table(out, *words).row(0, named=True)
    assert (first["node"], first["llr"]) == (best["Node Identifier"], pytest.approx(best["Log Likelihood Ratio"]))
    words = ("tree", folder / "TemporalOnly.cas", "--day", "day", "--shortest-share", "0.2")
    first = table(out, *words).row(0, named=True)
    assert (first["start"], first["end"], first["llr"]) == (2, 7, pytest.approx(23.972955, abs=1e-6))
    run(*words, "--out", out.with_suffix(".png"))


@pytest.mark.samples
def test_symmetry(shared, out):
    file = shared / "references/sequence_symmetry/first_events.csv"
    assert table(out, "symmetry", file)["lower"][0] == pytest.approx(1.04126910740876, abs=1e-12)
    run("symmetry", file, "--out", out.with_suffix(".png"))


@pytest.mark.samples
def test_sccs(shared, out):
    words = ["sccs", shared / "references/sccs/itpdat.csv", "--person", "case", "--event", "itp", "--start", "sta"]
    words += ["--end", "end", "--exposure", "mmr", "--windows", "0,15,29", "--ages", "426,487,548,609,670"]
    found = table(out, *words)
    assert found["estimate"][:3].to_list() == pytest.approx([1.30887231, 5.95397629, 2.60020371], abs=1e-6)
    run(*words, "--out", out.with_suffix(".png"))


@pytest.mark.samples
def test_calibrate(shared, out):
    file = shared / "references/empirical_calibration/sccs.csv"
    words = ("calibrate", file, "--log-rr", "logRr", "--se", "seLogRr", "--truth", "groundTruth")
    found = table(out, *words).filter(pl.col("drugName") == "Sertraline")
    assert found["p_value"][0] == pytest.approx(0.838914, abs=1e-3)
    run(*words, "--out", out.with_suffix(".png"))


def test_lasso_finds_the_cause_and_not_its_companion(tmp_path, out):
    """B is always taken with A, which raises the event; C is innocent."""
    rows = ["case,drug,ae"]
    for i in range(900):
        drugs = {"A": i % 3 == 0, "B": (i % 3 == 0 and i % 4 != 0) or i % 31 == 0, "C": i % 5 == 0}
        event = (i % 3 == 0 and i % 2 == 0) or i % 13 == 0
        rows += [f"{i},{d},{'RASH' if event else 'OTHER'}" for d, taken in drugs.items() if taken] or [f"{i},D,OTHER"]
    file = tmp_path / "cases.csv"
    file.write_text("\n".join(rows) + "\n")
    words = ("lasso", file, "--case", "case", "--product", "drug", "--event", "ae", "--explain", "RASH")
    found = table(out, *words)
    assert found.filter("is_signal")["substance"].to_list() == ["A"]
    run(*words, "--method", "adaptive", "--out", out.with_suffix(".png"))
    sampled = table(out, *words, "--method", "cisl")
    assert sampled.filter("is_signal")["substance"].to_list() == ["A"]
    run(*words, "--method", "cisl", "--out", out.with_suffix(".png"))
    with pytest.raises(FileError, match="column 'ae' holds no 'NONE'"):
        run(*words[:-1], "NONE")


@pytest.fixture
def cases(tmp_path):
    """A and B harm together only; M fills HIDDEN and hides that X does it too; LATE appears with A in the last year."""
    rows = ["case_id,product,event,date,sex"]

    def case(products, event, day):
        number = len(rows)
        rows.extend(f"{number},{p},{event},{day},{'F' if number % 2 else 'M'}" for p in products)

    for i in range(400):
        old = f"20{18 + i % 5}-06-15"
        case(
            ["A", "B"] if i % 8 == 0 else [["A"], ["B"], ["C"]][i % 3],
            "HARM" if i % 16 == 0 or i % 11 == 0 else "OTHER",
            old,
        )
        case(["M"], "HIDDEN" if i % 10 < 9 else "HARM", old)
        case(["X"] if i % 20 == 0 else ["D"], "HIDDEN" if i % 40 == 0 else "HARM" if i % 11 == 5 else "OTHER", old)
        if i % 10 == 0:
            case(["A"], "LATE" if i % 20 == 0 else "OTHER", "2024-06-01")
            case(["C"], "OTHER", "2024-06-01")
    file = tmp_path / "cases.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def test_interact(cases, out):
    found = table(out, "interact", cases).filter("is_signal")
    assert set(found.select("product_1", "product_2", "event", "method").iter_rows()) == {
        ("A", "B", "HARM", "omega"),
        ("A", "B", "HARM", "logistic_shrinkage"),
    }
    run("interact", cases, "--of", "B", "--out", out.with_suffix(".png"))
    with pytest.raises(FileError, match="column 'product' holds no 'Z'"):
        run("interact", cases, "--of", "Z")
    with pytest.raises(FileError, match="no two products share 3 reports of an event with 'M'"):
        run("interact", cases, "--of", "M")


def test_mask(cases, out):
    found = table(out, "mask", cases)
    hidden = found.filter("is_revealed")
    assert hidden.select("masker", "product", "event").rows() == [("M", "X", "HIDDEN")]
    assert hidden["masking_ratio"][0] > 5
    run("mask", cases, "--out", out.with_suffix(".png"))


def test_frequency(cases, out):
    found = table(out, "frequency", cases).filter("is_signal")
    assert found.select("product", "event").rows() == [("A", "LATE")]
    assert found["n_12_months"][0] == 20
    run("frequency", cases, "--until", "2024-12-31", "--out", out.with_suffix(".png"))
    with pytest.raises(FileError, match="'soon' is not a date"):
        run("frequency", cases, "--until", "soon")


def test_score_within_subgroups(cases, out):
    found = table(out, "score", cases, "--by", "sex", "--minimum-group", "100")
    assert set(found["subgroup"]) == {"F", "M"}
    assert found.filter(pl.col("subgroup") == "F")["a"].sum() < 1300
    with pytest.raises(FileError, match="no value of 'sex' has 5,000 cases"):
        run("score", cases, "--by", "sex", "--minimum-group", "5000")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["watch", "--count", "n", "--method", "magic"], "no method 'magic'"),
        (["watch", "--count", "n", "--method", "glr"], "glr needs expected counts"),
        (["watch", "--count", "c"], "has no column 'c'; it has a, n"),
        (["lrt", "--event", "a"], "column 'n', row 2: not a whole number"),
        (["symmetry", "--person", "a", "--drug", "a", "--date", "n"], "not a date"),
        (["calibrate", "--log-rr", "a", "--se", "a", "--truth", "n"], "column 'a', row 1: not a number"),
        (["tree", "--tree", "nowhere.csv"], "name either --expected"),
        (["tree", "--controls", "n"], "name the hierarchy with --tree"),
    ],
)
def test_errors_are_a_sentence(tmp_path, words, said):
    file = tmp_path / "mine.csv"
    file.write_text("a,n\nx,1\ny,2.5\n")
    with pytest.raises(FileError, match=said.replace("(", r"\(")):
        RUN.invoke(app, [words[0], str(file), *words[1:]], catch_exceptions=False)
