"""Families of harms and artefacts are data: what is shipped, what a file of one's own may say, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.simulator.years.families import SHIPPED, FamiliesError, load

HARMS = {"launch", "late_onset", "class", "neighbour", "species", "rising_rate", "interaction", "batch", "four_cases"}
HARMS |= {"masked", "withdrawal"}
ARTEFACTS = {"wave", "literature_copies", "indication", "protopathic", "co_medication", "class_switch", "misuse"}
ARTEFACTS |= {"channel_duplicates"}
ONE = """
[families.slow]
kind = "harm"
per_100_substances = 5
strength = {distribution = "uniform", low = 2, high = 4}
rise_months = 24
"""


def test_all_families_are_shipped():
    families = load()
    assert {n for n, f in families.items() if f.is_harm} == HARMS
    assert {n for n, f in families.items() if not f.is_harm} == ARTEFACTS


def test_toml_and_yaml_say_the_same(tmp_path):
    toml, yaml = tmp_path / "own.toml", tmp_path / "own.yaml"
    toml.write_text(ONE)
    yaml.write_text(
        "families:\n  slow:\n    kind: harm\n    per_100_substances: 5\n"
        "    strength: {distribution: uniform, low: 2, high: 4}\n    rise_months: 24\n"
    )
    assert load(toml) == load(yaml)
    drawn = load(toml)["slow"].strength.draw(np.random.default_rng(1), 100)
    assert ((drawn >= 2) & (drawn <= 4)).all()


def test_little_needs_to_be_said(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        "[families.one]\nkind = 'harm'\n[families.two]\nkind = 'artefact'\nstrength = 3\n"
        "[families.three]\nkind = 'harm'\nstrength = {low = 2, high = 8}\n"
    )
    one, two, three = load(file).values()
    random = np.random.default_rng(1)
    assert 2.5 < np.median(one.strength.draw(random, 500)) < 4.5
    assert (two.strength.draw(random, 5) == 3).all()
    assert np.median(three.strength.draw(random, 500)) == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('kind = "harm"|kind = "hoax"', ("slow", "kind")),
        ("per_100_substances = 5|per_100_substances = -5", ("slow", "per_100_substances")),
        ("low = 2|low = 9", ("slow", "strength", "high")),
        ("low = 2|low = 'two'", ("slow", "strength", "low")),
        ("low = 2|low = 0", ("slow", "strength", "low")),
        ("high = 4|high = 4000", ("slow", "strength", "100")),
        ("rise_months = 24|rise_month = 24", ("slow", "rise_month")),
        ("rise_months = 24|onset = 'fall'", ("slow", "use")),
        ("rise_months = 24|evidence = {telepathy = 0.5}", ("slow", "telepathy")),
        ("rise_months = 24|evidence = {serious = 1.5}", ("slow", "serious")),
        ("rise_months = 24|domains = ['plants']", ("slow", "domains")),
        ("rise_months = 24|class = {chance = 2.0}", ("slow", "class", "chance")),
        ("[families.slow]|[family.slow]", ("families",)),
        ("[families.slow]|[families.slow", ("TOML",)),
    ],
)
def test_a_wrong_file_names_family_and_field(tmp_path, change, words):
    file = tmp_path / "own.toml"
    old, new = change.split("|")
    assert old in ONE
    file.write_text(ONE.replace(old, new))
    with pytest.raises(FamiliesError) as error:
        load(file)
    assert all(word in str(error.value) for word in ("own.toml", *words)), error.value
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["families: [1, 2]", "families: {}", "- 1", "a: [", ""])
def test_yaml_that_holds_no_families_is_refused(tmp_path, text):
    file = tmp_path / "own.yml"
    file.write_text(text)
    with pytest.raises(FamiliesError, match=r"own\.yml"):
        load(file)
    with pytest.raises(FamiliesError, match="none of"):
        load(SHIPPED.with_suffix(".csv"))
