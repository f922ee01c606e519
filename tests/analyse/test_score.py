"""`gerland score` on files of one's own."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from typer.testing import CliRunner

from models.methods import METHODS
from pipelines.analyse import files
from pipelines.analyse.files import FileError
from pipelines.analyse.score import SHOWN, Columns, plot, score_file
from pipelines.cli import app

ROWS = [(f"c{i}", f"P{i % 7}", f"E{(i * i) % 11}") for i in range(300)] + [
    (f"c{i}", "P3", "E_hit") for i in range(3, 300, 14)
]


@pytest.fixture
def listing(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("No;Drug;PT\n" + "".join(";".join(r) + "\n" for r in [*ROWS, ROWS[0]]))
    return path


def scored(path, **columns):
    return score_file(path, Columns(**columns), "zero_inclusive", lambda _: None)


def test_a_listing_counts_distinct_cases_whatever_its_delimiter_and_names(listing):
    result = scored(listing, case="No", product="Drug", event="PT")
    hit = result.filter((pl.col("product") == "P3") & (pl.col("event") == "E_hit")).to_dicts()[0]
    assert (hit["a"], hit["a"] + hit["b"] + hit["c"] + hit["d"]) == (22, 300)
    assert hit["is_ic_signal"]
    assert result.height == result.select("product", "event").n_unique()


def test_counts_have_the_margins_of_their_table(tmp_path):
    path = tmp_path / "counts.parquet"
    pl.DataFrame({"p": ["A", "A", "B"], "e": ["x", "y", "x"], "n": [5, 10, 20]}).write_parquet(path)
    row = scored(path, product="p", event="e", count="n").filter((pl.col("product") == "A") & (pl.col("event") == "x"))
    assert row.select("a", "b", "c", "d").row(0) == (5, 10, 20, 0)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.png", "out.svg"])
def test_the_result_is_written_as_its_name_says(listing, tmp_path, name):
    done = CliRunner().invoke(
        app,
        ["score", str(listing), "--case", "No", "--product", "Drug", "--event", "PT", "--out", str(tmp_path / name)],
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / name).stat().st_size > 500


def test_what_does_not_fit_is_said_in_a_sentence(listing, tmp_path):
    with pytest.raises(FileError, match="no column 'product'; it has No, Drug, PT"):
        scored(listing)
    with pytest.raises(FileError, match="there is no file"):
        scored(tmp_path / "none.csv")
    with pytest.raises(FileError, match="must end in"):
        files.write(pl.DataFrame(), tmp_path / "x.docx", plot, SHOWN)


@pytest.mark.samples
def test_openebgms_scores_come_out_of_its_input(shared, tmp_path):
    raw = gzip.decompress((shared / "references/openebgm_caers/caers.csv.gz").read_bytes())
    path = tmp_path / "caers.csv"
    path.write_bytes(raw)
    result = score_file(path, Columns("id", "var1", "var2"), "component_truncated", lambda _: None)
    expected = pl.read_csv(
        gzip.decompress((shared / "references/openebgm_caers/expected_unstrat_full.csv.gz").read_bytes())
    )
    both = result.join(expected, left_on=["product", "event"], right_on=["var1", "var2"])
    assert both.height == expected.height == 17_189
    assert (both["a"] == both["N"]).all()
    for ours, theirs in (("ebgm", "EBGM"), ("eb05", "EB05"), ("eb95", "EB95")):
        assert ((both[ours] - both[theirs]).abs() / both[theirs]).max() < 2e-3


def test_the_long_form_gives_every_method_in_one_shape(listing, tmp_path):
    words = ["score", str(listing), "--case", "No", "--product", "Drug", "--event", "PT", "--methods", "all"]
    done = CliRunner().invoke(app, [*words, "--minimum", "3", "--out", str(tmp_path / "long.csv")])
    assert done.exit_code == 0, done.output
    long = pl.read_csv(tmp_path / "long.csv", infer_schema_length=None)
    wide = scored(listing, case="No", product="Drug", event="PT")
    assert long.height == wide.height * len(METHODS)
    assert long.filter((pl.col("a") < 3) & pl.col("estimate").is_not_null()).is_empty()
    assert long.filter(pl.col("estimate").is_null() & pl.col("not_computed").is_null()).is_empty()
    hit = {r["method"]: r for r in long.filter((pl.col("product") == "P3") & (pl.col("event") == "E_hit")).to_dicts()}
    told = wide.filter((pl.col("product") == "P3") & (pl.col("event") == "E_hit")).to_dicts()[0]
    for method, columns in {"prr": ("prr", "prr_lower"), "ror": ("ror", "ror_lower"), "ic": ("ic", "ic025")}.items():
        assert (hit[method]["estimate"], hit[method]["lower"]) == pytest.approx([told[c] for c in columns])
    assert hit["fisher_mid_p"]["p_value"] < hit["fisher"]["p_value"] < 1e-6
    refused = CliRunner().invoke(app, [*words[:-1], "magic"])
    assert "no method 'magic'" in str(refused.exception)
