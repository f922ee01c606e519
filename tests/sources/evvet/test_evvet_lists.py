"""Comma-joined lists whose items hold commas."""

from __future__ import annotations

import pytest

from pipelines.defs.sources.evvet.lists import products, reactions
from pipelines.frames.history import always

pytestmark = pytest.mark.spark


def split_products(spark, *lists):
    found = products(spark.createDataFrame([(text,) for text in lists], "drug string")).collect()
    ordered = sorted(found, key=lambda r: r["product_seq"])
    return {text: [r["product"] for r in ordered if r["drug"] == text] for text in lists}


LIBRELA = "Librela 10 mg - Solution for injection"
SOLENSIA = "Solensia 7 mg/ml - Solution for injection"


@pytest.mark.parametrize(
    "names",
    [
        [LIBRELA],
        [LIBRELA, "Librela 5 mg - Solution for injection"],
        ["Metacam 0.5 mg/ml - Oral suspension (cats, guinea pigs)", "Metacam 1 mg - Chewable tablet (dogs)"],
        [LIBRELA, "Metacam 20 mg/ml - Solution for injection (cattle, pigs, horses)", SOLENSIA],
        [LIBRELA, "Neocort oogdruppels, voor honden en katten"],
        ["Vetmedin 1,25 mg Kautabletten für Hunde", "Vetmedin, 2.5mg", "Vetmedin, 5mg"],
        ["Broadline Fipronil 74.7 mg, (S)-methoprene 90 mg, eprinomectin 3.6 mg - Spot-on solution", SOLENSIA],
        ["Metacam 0.5 mg/ml (Cats, Pigs)", SOLENSIA],
        ["Baytril (50 mg", "Librela 10 mg - Solution for injection"],
        [SOLENSIA, "КЕТАМИН 10 %"],
    ],
)
def test_a_list_of_names_comes_back_as_the_names(spark, names):
    text = ", ".join(names)
    assert split_products(spark, text) == {text: names}


def test_a_capitalised_tail_is_learnt_from_the_lists_in_which_it_stands_out_of_order(spark):
    proof = ", ".join(["RILEXINE 200", "RILEXINE, 300mg", "Tableta", "RILEXINE, 600mg", SOLENSIA])
    other = ", ".join([LIBRELA, "Meloxicam Bioveta, 5mg", "Tableta"])
    found = split_products(spark, proof, other)
    assert found[proof] == ["RILEXINE 200", "RILEXINE, 300mg, Tableta", "RILEXINE, 600mg", SOLENSIA]
    assert found[other] == [LIBRELA, "Meloxicam Bioveta, 5mg, Tableta"]
    assert split_products(spark, other)[other] == [LIBRELA, "Meloxicam Bioveta, 5mg", "Tableta"]


def test_a_name_that_is_mostly_sure_is_never_learnt_as_a_tail(spark):
    out_of_order = ", ".join([SOLENSIA, "Cerenia"])
    in_order = ["Cerenia 16 mg, Solensia", "Cerenia, Cerenia 24 mg", "Cerenia 60 mg - Tablet"]
    assert split_products(spark, out_of_order, *in_order)[out_of_order] == [SOLENSIA, "Cerenia"]


TERMS = [
    "Cough",
    "Cough, hacking",
    "Hacking",
    "Lack of efficacy",
    "Lack of efficacy (neoplasia, relapse)",
    "Sinking, fish",
    "Cough, hacking, dry",
]


def split_reactions(spark, text, terms=TERMS):
    dictionary = spark.createDataFrame(
        [(f"veddra:{i}", "veddra", name) for i, name in enumerate(terms)],
        "term_key string, dictionary string, term_name string",
    )
    found = reactions(spark.createDataFrame([(text,)], "reaction string"), always(dictionary)).collect()
    return [(r["reported_term"], r["term_key"]) for r in sorted(found, key=lambda r: r["event_seq"])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cough", [("Cough", 0)]),
        ("Cough, hacking", [("Cough, hacking", 1)]),
        ("Cough, hacking, Cough", [("Cough, hacking", 1), ("Cough", 0)]),
        ("COUGH,  Hacking, cough", [("COUGH, Hacking", 1), ("cough", 0)]),
        ("Cough, hacking, dry", [("Cough, hacking, dry", 6)]),
        ("Cough, Sinking, fish", [("Cough", 0), ("Sinking, fish", 5)]),
        ("Cough, hackings", [("Cough", 0), ("hackings", None)]),
        ("Lack of efficacy (neoplasia, relapse), Cough", [("Lack of efficacy (neoplasia, relapse)", 4), ("Cough", 0)]),
        ("Abnormal Schirmer tear test, Cough", [("Abnormal Schirmer tear test", None), ("Cough", 0)]),
        ("Odd,text, Cough", [("Odd,text", None), ("Cough", 0)]),
    ],
)
def test_the_longest_term_wins_and_what_is_no_term_stays_uncoded(spark, text, expected):
    assert split_reactions(spark, text) == [(t, None if k is None else f"veddra:{k}") for t, k in expected]


def test_without_a_dictionary_every_text_between_commas_stays_as_reported(spark):
    assert split_reactions(spark, "Cough, hacking", terms=[]) == [("Cough", None), ("hacking", None)]
