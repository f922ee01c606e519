"""Botanical names as lists print them; the real inventory, of which 240 and more are parsed and the rest listed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats.plants import botanicals, parts


def told(text):
    return [(b.binomial, b.variety, b.author, b.synonyms) for b in botanicals(text)]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("Carum carviL.", [("Carum carvi", "", "L.", ())]),
        ("Plantago lanceolata L.", [("Plantago lanceolata", "", "L.", ())]),
        (
            "Primula verisL.;Primula elatior(L.) Hill",
            [("Primula veris", "", "L.", ()), ("Primula elatior", "", "(L.) Hill", ())],
        ),
        ("Cynara cardunculusL.;syn. C. scolymusL.", [("Cynara cardunculus", "", "L.", ("Cynara scolymus",))]),
        (
            "Filipendula ulmaria (L.) Maxim. (= Spiraea ulmaria L.).",
            [("Filipendula ulmaria", "", "(L.) Maxim.", ("Spiraea ulmaria",))],
        ),
        ("Mentha x piperita L.", [("Mentha x piperita", "", "L.", ())]),
        (
            "Melaleuca alternifolia(Maiden and Betche) Cheel",
            [("Melaleuca alternifolia", "", "(Maiden and Betche) Cheel", ())],
        ),
        (
            "Foeniculum vulgare Miller subsp. vulgare var. dulce (Mill.) Batt. &amp; Trab.",
            [("Foeniculum vulgare", "dulce", "Miller (Mill.) Batt. & Trab.", ())],
        ),
        (
            "Salix [various species including S. purpurea L.; S. fragilis L.]",
            [("Salix purpurea", "", "L.", ()), ("Salix fragilis", "", "L.", ())],
        ),
        (
            "Combination: Valeriana officinalis L. and Humulus lupulus L.",
            [("Valeriana officinalis", "", "L.", ()), ("Humulus lupulus", "", "L.", ())],
        ),
        ("Combination: maximum 4 out of 13 possible plants", []),
        ("", []),
    ],
)
def test_a_name_is_genus_species_author_and_synonyms(printed, expected):
    assert told(printed) == expected


def test_parts_are_told_by_the_latin_name_of_the_drug():
    assert parts("Carvi fructus") == ["fruit"]
    assert parts("Crataegi folium cum flore") == ["leaf", "flower"]
    assert parts("Foeniculi amari fructus aetheroleum") == ["fruit", "essential oil"]
    assert parts("Species digestivae") == []


@given(st.text(alphabet="ABab x×.;,()[]=&synL\n", max_size=80))
def test_any_text_gives_names_with_genus_and_species_or_none(text):
    for found in botanicals(text):
        assert found.genus[0].isupper() and found.species
        assert found.species.removeprefix("x ")[0].islower()


def test_the_real_inventory(shared):
    path = shared / "data/ema_outputs/2025-12/medicines_output_herbal_medicines_en.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    rest = [
        r["latin_name"]
        for r in rows
        if not ((b := botanicals(r["botanical_name"])) and b[0].author and parts(r["latin_name"]))
    ]
    assert len(rows) == 251
    assert len(rows) - len(rest) >= 240
    assert set(rest) == {
        *("Combination: Species pectorales", "Species diureticae", "Species digestivae", "Species sedativae"),
        *("Species amarae", "Saccharomyces cerevisiae CBS 5926"),
    }
