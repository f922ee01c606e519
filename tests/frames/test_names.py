"""Names: what is folded together, and what must not be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.frames.names import binomial, forms, normalise, parts, stem, without_salt


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_and_forms_never_fail(text):
    once = normalise(text)
    assert normalise(once) == once
    assert all(form and method for form, method in forms(once))
    assert [form for form, _ in forms(once)] == list(dict.fromkeys(form for form, _ in forms(once)))


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("AMOXICILLIN SODIUM", "AMOXICILLIN"),
        ("ATORVASTATIN CALCIUM TRIHYDRATE", "ATORVASTATIN"),
        ("TENOFOVIR DISOPROXIL FUMARATE", "TENOFOVIR"),
        ("SODIUM CHLORIDE", "SODIUM CHLORIDE"),
        ("POTASSIUM CHLORIDE", "POTASSIUM CHLORIDE"),
        ("LITHIUM CARBONATE", "LITHIUM CARBONATE"),
        ("CALCIUM GLUCONATE", "CALCIUM GLUCONATE"),
        ("MAGNESIUM SULFATE", "MAGNESIUM SULFATE"),
    ],
)
def test_salts_of_organic_bases_are_stripped_and_those_of_cations_are_not(name, base):
    assert without_salt(name) == base


@pytest.mark.parametrize(
    ("written", "found", "method"),
    [
        ("Amoxicilline", "AMOXICILLIN", "translated"),
        ("Acide valproïque", "VALPROIC ACID", "translated"),
        ("RANITIDINE (CHLORHYDRATE DE)", "RANITIDINE", "salt_stripped"),
        ("Chlorhydrate de metformine", "METFORMIN", "translated"),
        ("SODIUM (BICARBONATE DE)", "SODIUM BICARBONATE", "translated"),
        ("Librela 10 mg - Solution for injection", "LIBRELA", "brand"),
        ("Metacam 0.5 mg/ml - Oral suspension (cats, guinea pigs)", "METACAM", "brand"),
        ("DOLIPRANE 500 mg, comprimé", "DOLIPRANE", "brand"),
        ("Lantus solostar", "LANTUS", "brand"),
        ("aspirin [INN]", "ASPIRIN", "exact"),
        ("Curcuma longa L., rhizome", "CURCUMA LONGA", "botanical"),
        ("CURCUMA LONGA (TURMERIC) ROOT EXTRACT", "CURCUMA LONGA", "botanical"),
        ("Hypericum perforatum, sommités fleuries", "HYPERICUM PERFORATUM", "botanical"),
        ("Pigment Red 57 (C.I. 15850:1)", "CI 15850", "code"),
        ("CI15850", "CI 15850", "code"),
    ],
)
def test_a_name_is_looked_for_under_the_form_a_dictionary_has(written, found, method):
    assert dict(forms(normalise(written)))[found] == method


@pytest.mark.parametrize(("written", "wrong"), [("SODIUM (BICARBONATE DE)", "SODIUM"), ("Sodium chloride", "SODIUM")])
def test_a_salt_of_a_cation_never_becomes_the_cation(written, wrong):
    assert wrong not in dict(forms(normalise(written)))


@pytest.mark.parametrize(
    "name", ["SODIUM CHLORIDE", "AMOXICILLIN SODIUM", "CURCUMA LONGA ROOT OIL", "BOVINE SERUM EXTRACT", "VITAMIN C"]
)
def test_what_is_no_plant_or_another_substance_of_one_has_no_binomial(name):
    assert binomial(name) is None


def test_combinations_are_split_at_their_joints():
    assert parts("AMOXICILLIN\\CLAVULANATE POTASSIUM") == ["AMOXICILLIN", "CLAVULANATE POTASSIUM"]
    assert parts("ASPIRIN AND CAFFEINE + PARACETAMOL") == ["ASPIRIN", "CAFFEINE", "PARACETAMOL"]
    assert stem("BRAVECTO PLUS 250 MG/12.5 MG - SPOT-ON") == "BRAVECTO PLUS"
