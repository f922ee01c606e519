"""Numbers as people write them, against a reading of their own in plain Python."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.frames.numbers import NUMERAL, amount_mg, number, whole

GAPS = (" ", "  ", "\u00a0", "\u202f", "\u2009", "\u2007", "'", "\u2019")
KNOWN = {
    "0,125": 0.125, "12,375": 12.375, "1\u202f250,5": 1250.5, "25,5": 25.5, "0,0625": 0.0625, "2,375": 2.375,
    "1.250,50": 1250.5, "1,250.50": 1250.5, "1,466,29": 1466.29, "1,466,290": 1466290.0, "1\u00a0000": 1000.0,
    "1  000": 1000.0, "1 250 000,5": 1250000.5, "1'250.5": 1250.5, "1.234.567,8": 1234567.8, "1,234,567.25": 1234567.25,
    "1.250": 1.25, "1,250": 1.25, " 7 ": 7.0, "\u00a07": 7.0, "-3,5": -3.5, "\u22123,5": -3.5, "- 3,5": -3.5, ",5": 0.5,
    "5,": 5.0, "1E+05": 100000.0, "1,5e-3": 0.0015, "007": 7.0,
    "": None, " ": None, "abc": None, "NaN": None, "Infinity": None, "1e999": None, "1d": None, "0x1F": None,
    "12 5": None, "1234 567": None, "1.25,5": None, "1,2.5": None, "1,250.500,25": None, "12.05.2024": None,
    "1-2": None, "5 mg": None, "1 250 5": None, "--5": None, ",": None, "1,,5": None, "< 5": None, "5 %": None,
}  # fmt: skip


def read(spark, rule, texts):
    frame = spark.createDataFrame([(i, t) for i, t in enumerate(texts)], "i int, text string")
    return [r["value"] for r in frame.select("i", rule("text").alias("value")).orderBy("i").collect()]


def twin(text):
    """The same rule by splitting at marks, not by patterns of whole numbers."""
    text = text.replace("\u2212", "-").strip(" \t'\u2019\u00a0\u202f\u2009\u2007")
    sign, body = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    body = body.lstrip(" \t'\u2019\u00a0\u202f\u2009\u2007") if sign else body
    words = re.split("[ \t'\u2019\u00a0\u202f\u2009\u2007]+", body)
    if len(words) > 1:
        *first, last = words
        head = re.split("[.,]", last)
        groups = [*first, head[0]]
        if len(head) > 2 or not all(g.isascii() and g.isdigit() for g in groups):
            return None
        if len(groups[0]) > 3 or any(len(g) != 3 for g in groups[1:]):
            return None
        body = "".join(groups) + ("." + head[1] if len(head) == 2 else "")
    marks = [c for c in body if c in ".,"]
    mantissa, e, power = body.lower().partition("e")
    if len(marks) > 1:
        *groups, last = re.split("[.,]", body)
        is_end = len(last) == 3 and len(set(marks)) == 1
        groups, cents = ([*groups, last], "") if is_end else (groups, last)
        inner = marks if is_end else marks[:-1]
        if len(set(inner)) != 1 or not 1 <= len(groups[0]) <= 3 or any(len(g) != 3 for g in groups[1:]):
            return None
        mantissa, e, power = "".join(groups) + "." + cents, "", ""
    mantissa = mantissa.replace(",", ".")
    if not all(c in "0123456789." for c in mantissa) or not any(c.isdigit() for c in mantissa):
        return None
    if e and not re.fullmatch(r"[+-]?[0-9]{1,2}", power):
        return None
    value = float(f"{sign}{mantissa}{e}{power}")
    return value if math.isfinite(value) else None


@st.composite
def written(draw):
    """A number and one of the ways in which somebody writes it."""
    whole_part, places = draw(st.integers(0, 10**9)), draw(st.integers(0, 5))
    cents = draw(st.integers(0, 10**places - 1)) if places else 0
    style = draw(st.sampled_from(["plain", "gaps", "marks"]))
    decimal = draw(st.sampled_from(",."))
    digits = str(whole_part)
    if style == "gaps":
        digits = f"{whole_part:,}".replace(",", draw(st.sampled_from(GAPS)))
    if style == "marks" and places:
        digits = f"{whole_part:,}".replace(",", "." if decimal == "," else ",")
    sign = draw(st.sampled_from(["", "-", "+", "\u2212"]))
    text = sign + digits + (f"{decimal}{cents:0{places}}" if places else "")
    value = float(Decimal(f"{'-' if sign in ('-', chr(0x2212)) else ''}{whole_part}.{cents:0{max(places, 1)}}"))
    blank = draw(st.sampled_from(["", " ", "\u00a0"]))
    return blank + text + blank, value


@pytest.mark.spark
def test_what_people_write(spark):
    assert dict(zip(KNOWN, read(spark, number, list(KNOWN)), strict=True)) == KNOWN
    assert {text: twin(text) for text in KNOWN} == KNOWN


@pytest.mark.spark
@settings(max_examples=5)
@given(st.lists(written(), min_size=200, max_size=400))
def test_a_number_is_read_back_whatever_marks_it_is_written_with(spark, pairs):
    got = read(spark, number, [text for text, _ in pairs])
    assert [(t, v) for (t, _), v in zip(pairs, got, strict=True)] == pairs


@pytest.mark.spark
@settings(max_examples=5)
@given(st.lists(st.text("0125,.' \u00a0\u202f+-eEa", max_size=12), min_size=200, max_size=400))
def test_any_text_is_read_as_the_plain_rule_reads_it(spark, texts):
    assert read(spark, number, texts) == [twin(text) for text in texts]


@pytest.mark.spark
def test_whole_numbers_have_no_fraction_and_fit(spark):
    texts = ["1 250", "12,0", "12,5", "-3", "3000000000", "x"]
    assert read(spark, whole, texts) == [1250, 12, None, -3, None, None]


@pytest.mark.spark
def test_amounts_in_mg(spark):
    amounts = {
        "1,00 mg": 1.0, "1\u00a0000 mg": 1000.0, "1\u202f000\u00a0mg": 1000.0, "500  mg": 500.0, "1  000,5 mg": 1000.5,
        "0,125 g": 125.0, "250 microgrammes": 0.25, "2 milligrammes": 2.0, "5 µg": 0.005, "5 μg": 0.005, "1.250,5 mg": 1250.5,
        "10 ng": 0.00001, "1-2 mg": None, "100 000 UI": None, "10 20 mg": None, "mg": None, "1 G": 1000.0,
    }  # fmt: skip
    assert dict(zip(amounts, read(spark, amount_mg, list(amounts)), strict=True)) == pytest.approx(amounts)


def test_a_number_inside_a_text_is_found_whole():
    found = {"1 000 mg/kg": "1 000", "dose de 1.250,5 mg": "1.250,5", "2 x 0,125": "2", "de 10 000,5": "10 000,5"}
    assert {text: re.search(NUMERAL, text).group() for text in found} == found
