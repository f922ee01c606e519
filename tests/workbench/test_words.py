"""English and French say the same things, everywhere."""

from __future__ import annotations

import ast
import datetime as dt
import re

from tests.conftest import ROOT
from workbench import decisions, duplicates, releases, visit
from workbench.pages import exposure, league, signal
from workbench.policy import PURPOSES, ROLES
from workbench.words import french, preferred, words

CALL = re.compile(r"""\bt\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
NAMED = re.compile(r"{(\w+)(?::,)?}")


def _said_in_templates() -> set[str]:
    return {ast.literal_eval(m) for f in visit.TEMPLATES.glob("*.html") for m in CALL.findall(f.read_text())}


def _said_in_code() -> set[str]:
    """First arguments of `t(…)`, `words(…)` and `visit.words(…)`, and of errors that pages show."""
    found = set()
    for file in [*(ROOT / "workbench").rglob("*.py"), *(ROOT / "models" / "disclosure").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in ("t", "words", "w", "DisclosureError") and isinstance(node.args[0].value, str):
                    found.add(node.args[0].value)
    return found


def _said_by_lists() -> set[str]:
    listed = {title for _, title, _ in visit.MENU} | set(PURPOSES.values()) | set(signal.RULES_IN_WORDS.values())
    for texts in (visit.LINK_VERDICTS, visit.LABELS, duplicates.REASONS, decisions.VERDICTS, decisions.REASONS):
        listed |= set(texts.values())
    listed |= set(releases.MEASURES.values()) | set(exposure.MEASURES.values()) | set(league.METRICS.values())
    return listed | {role.title for role in ROLES.values()} | set(decisions.STAGES.values())


def said() -> set[str]:
    return (_said_in_templates() | _said_in_code() | _said_by_lists()) - {"fr", "en"}


def test_every_sentence_has_its_french_and_none_is_left_over():
    assert len(said()) > 100
    assert sorted(said() ^ set(french())) == []


def test_a_translation_names_the_same_values():
    for english, translated in french().items():
        assert sorted(NAMED.findall(english)) == sorted(NAMED.findall(translated)), english


def test_numbers_and_dates_are_written_as_each_language_does():
    fr, en = words("fr"), words("en")
    assert (en.count(1234567), fr.count(1234567)) == (
        "1,234,567",
        "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567",
    )
    assert (en.score(3.14159), fr.score(3.14159)) == ("3.14", "3,14")
    assert (en.score(-0.001), fr.score(-2.5)) == ("0.00", "\N{MINUS SIGN}2,50")
    assert (en.small(0.00012), fr.small(0.00012)) == ("1.2·10⁻⁴", "1,2·10⁻⁴")
    assert (en.day(dt.date(2024, 2, 9)), fr.day(dt.date(2024, 2, 9))) == ("2024-02-09", "09/02/2024")
    assert [w.score(v) for w in (fr, en) for v in (None, float("nan"), float("inf"))] == ["–"] * 6


def test_the_address_wins_over_what_was_kept_and_that_over_the_browser():
    assert preferred("en", "fr", "fr-FR") == "en"
    assert preferred(None, "fr", "en") == "fr"
    assert preferred("xx", "yy", "fr-FR,fr;q=0.9") == "fr"
    assert preferred(None, None, "de") == "en"
