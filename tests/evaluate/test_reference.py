"""A lake judged by a reference: names found by dictionaries, dates that cut, what isn't found told, errors in a sentence."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from models.evaluation.methods import METHODS, Examples, fit
from pipelines.evaluate.lake import place_of, read
from pipelines.evaluate.outcomes import OUTCOMES, terms
from pipelines.evaluate.reference import read as read_reference
from pipelines.evaluate.referenced import FEWEST_TRUTHS, run
from pipelines.evaluate.resolve import resolve
from pipelines.evaluate.run import EvaluationError
from pipelines.evaluate.worlds import training_examples
from pipelines.simulator.years.families import load
from tests.evaluate.small import SMALL
from tests.evaluate.small_lake import drawn, lake


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    rows = [r for r in drawn() if r["domain"] == "human" or r["from"] > 44]
    return lake(tmp_path_factory.mktemp("lake"), rows)


@cache
def fitted():
    return fit(Examples.joined([training_examples(seed, load(), SMALL) for seed in (1, 2)]))


def written(folder, lines, name="mine.csv"):
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def minimal(folder, n=12):
    """The pairs that the small lake makes frequent are true, two names are in no lake, one has no date."""
    rows = [f"Substance {i:02},event {i:02},1,2018-{6 + i % 6:02}" for i in range(n)]
    rows += [
        "SUBSTANCE 00,Event 09,0,",
        "SUBSTANCE 01,Event 10,0,2017",
        "Nobody,Event 00,1,2018",
        "SUBSTANCE 02,No event,1,",
    ]
    return written(folder, ["substance,event,label,date", *rows, "SUBSTANCE 13,Event 16,1,"])


def test_a_lake_is_judged(root, tmp_path):
    found = run(str(root), minimal(tmp_path), fitted(), tmp_path / "out", 20, {"Models": "small"})
    league = pl.read_csv(tmp_path / "out" / "league.csv", infer_schema_length=None)
    assert set(METHODS) < set(league["method"])
    assert {1.25, 2.5, 5.0, 10.0} < set(league["burden_k"])
    at = league.filter(domain="all", stratum="all", burden_k=5.0)
    row = at.filter(method="combined").row(0, named=True)
    assert row["n_truths"] >= FEWEST_TRUTHS
    assert row["auc_low"] <= row["auc"] <= row["auc_high"]
    alerts = pl.read_parquet(tmp_path / "out" / "alerts.parquet")
    assert alerts.filter(burden_k=5.0).group_by("method", "month", "domain").len()["len"].max() <= 5
    mine = alerts.filter(burden_k=5.0, method="combined", is_true=True)
    assert mine.height == pytest.approx(row["ppv"] * alerts.filter(burden_k=5.0, method="combined").height)
    assert {"matched negatives", "all"} <= set(league["stratum"])
    states = {
        r["state"]: r["n"]
        for r in pl.read_csv(tmp_path / "out" / "reference.csv")["state"].value_counts(name="n").to_dicts()
    }
    assert states["its substance is in no report"] == 1
    assert states["its event is in no dictionary of the lake"] == 1
    assert found.resolved.n_pairs == 17
    assert "Coverage of the reference" in (tmp_path / "out" / "page.html").read_text()


def test_the_first_public_date_cuts_whoever_told_it(root, tmp_path):
    file = written(
        tmp_path,
        [
            "substance,species,event_term,recognition_date,positive,recognition_kind",
            "SUBSTANCE 00,human,Event 00,2018-05,1,x",
            "SUBSTANCE 00,human,Event 00,2017,1,y",
            "SUBSTANCE 00,human,Event 00,,1,z",
            "SUBSTANCE 01,human,Event 01,,1,leaflet",
            "SUBSTANCE 02,human,Event 02,2018-03,0,discussed without action",
            "SUBSTANCE 03,human,Event 03,negative as of 2018,0,control",
        ],
    )
    reports, pairs = read(str(root)), read_reference(file)
    labels = resolve(str(root), reports, pairs).labels
    human = labels["human"]
    assert human.public_from[0, 0] == place_of(2017, 1, reports)
    assert [int(human.label[i, i]) for i in range(5)] == [1, -1, -1, 0, -2]
    assert (labels["veterinary"].label == -2).all()
    assert pairs.has_dates


def test_wordings_and_outcomes(tmp_path):
    file = written(
        tmp_path, ["exposureName,outcomeName,groundTruth", "A,OMOP Acute Liver Failure 1,1", "B,HOI Upper GI #3,0"]
    )
    written(
        tmp_path, ["reference_term,veddra_pt", "Seizure,Convulsion", "Seizure,Focal seizure"], "mine_veddra_map.csv"
    )
    pairs = read_reference(file)
    assert not pairs.has_dates
    assert pairs.wordings == {"seizure": ["Convulsion", "Focal seizure"]}
    assert terms("OMOP Acute Liver Failure 1") == OUTCOMES["acute liver failure"]
    assert terms("Rhabdomyolysis #1") == ("Rhabdomyolysis",)
    assert terms("Torticollis") == ("Torticollis",)


def test_the_truth_of_a_simulated_country_is_a_reference(tmp_path):
    lines = ["domain,substance,unii,event,start_month,strength,kind,note"]
    lines += [
        "human,A,,B,2012-09-01,4,real,",
        "veterinary,C,,D,2023-09-01,9,artefact,",
        "cosmetic,E,,F,2012-10-01,6,cluster,",
    ]
    pairs = read_reference(written(tmp_path, lines, "signals.csv"))
    assert pairs.rows.select("substance", "species", "label").rows() == [
        ("A", "human", 1),
        ("C", "veterinary", 0),
        ("E", "cosmetic", 1),
    ]
    assert not pairs.has_dates


@pytest.mark.samples
def test_published_references_are_read(shared):
    omop = read_reference(shared / "references/ohdsi_reference_sets/omopReferenceSet.csv")
    euadr = read_reference(shared / "references/ohdsi_reference_sets/euadrReferenceSet.csv")
    assert [one.rows["label"].value_counts(sort=True).rows() for one in (omop, euadr)] == [
        [(0, 234), (1, 165)],
        [(0, 50), (1, 43)],
    ]
    assert all(len(terms(o)) > 1 or o.startswith("Rhabdo") for one in (omop, euadr) for o in one.rows["event"].unique())
    human = read_reference(shared / "references/dated/human_reference.csv").rows
    assert human.filter(is_soft=True).height == 41
    assert human.filter(label=0).height == 42
    vet = read_reference(shared / "references/dated/vet_reference.csv")
    assert vet.wordings["seizure"][0] == "Convulsion"
    assert read_reference(shared / "references/dated/cosmetic_reference.csv").has_dates


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["substance,label", "a,1"], "has no column 'event'"),
        (["substance,event,label"], "holds no row"),
        (["substance,event,label", "a,b,maybe"], "no row says with 1 or 0"),
        (["substance,event,label", "a,b,1"], "none of the 1 pairs of mine.csv is in a report"),
        (["substance,event,label", "SUBSTANCE 01,Event 02,0"], "no true pair"),
    ],
)
def test_what_is_wrong_is_one_sentence(root, tmp_path, lines, said):
    with pytest.raises(EvaluationError, match=said):
        run(str(root), written(tmp_path, lines), fitted(), tmp_path / "out", 20, {})
    with pytest.raises(EvaluationError, match="there is no file"):
        read_reference(tmp_path / "none.csv")
