"""The bridge: names of two dictionaries meet in one event, with method and confidence."""

from __future__ import annotations

import gzip
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.silver.term_bridge.conform import term_bridge
from pipelines.defs.silver.term_bridge.names import exact, forms, spelling, word_order
from pipelines.defs.silver.term_bridge.reviewed import PAIRS
from pipelines.frames.history import always

COLUMNS = "term_key string, dictionary string, term_name string, pt_code string, pt_name string"


@given(st.text(max_size=60) | st.text("aeiousnrphyz-, :0", max_size=30))
def test_forms_are_stable_and_never_fail(text):
    assert exact(exact(text)) == exact(text)
    assert spelling(spelling(text)) == spelling(text)
    assert word_order(word_order(text)) == word_order(text)
    assert len(forms(text)) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Diarrhoea", "Diarrhea"),
        ("Haemorrhage NOS", "Hemorrhage"),
        ("Behavioural disorders", "Behavioral disorder"),
        ("Lethargy (see also Central nervous system depression in 'Neurological')", "Lethargy"),
    ],
)
def test_spelling_plural_and_remarks_make_no_difference(one, other):
    assert spelling(one) == spelling(other)


def test_the_order_of_words_makes_none_but_a_negation_does():
    assert word_order("Inflammation, skin") == word_order("Skin inflammation")
    assert word_order("Not recovered") != word_order("Recovered")


def test_no_name_of_the_list_leads_to_two_events():
    names = [exact(a) for a, _ in PAIRS]
    assert len(set(names)) == len(names)


@pytest.mark.spark
def test_every_term_has_an_event_and_the_way_to_it(spark):
    terms = [
        ("preferred_term:VOMITING", "preferred_term", "Vomiting", None, None),
        ("preferred_term:DIARRHOEA", "preferred_term", "Diarrhoea", None, None),
        ("preferred_term:SKIN INFLAMMATION", "preferred_term", "Skin inflammation", None, None),
        ("meddra:9", "meddra", "Throwing up", "8", "Vomiting"),
        ("veddra:1", "veddra", "Emesis", "10", "Emesis (multiple)"),
        ("veddra:2", "veddra", "Repeated emesis", "10", "Emesis (multiple)"),
        ("veddra:3", "veddra", "Diarrhea NOS", "11", "Diarrhoea"),
        ("veddra:4", "veddra", "Inflammation, skin", "12", "Inflammation, skin"),
        ("veddra:5", "veddra", "Milk drop syndrome", "13", "Milk drop syndrome"),
    ]
    found = {
        r["term_key"]: r for r in term_bridge({"silver.term": always(spark.createDataFrame(terms, COLUMNS))}).collect()
    }
    assert len(found) == len(terms)
    told = {key: (row["event_key"], row["method"]) for key, row in found.items()}
    assert told["meddra:9"] == ("preferred_term:VOMITING", "code")
    assert told["veddra:1"] == ("preferred_term:VOMITING", "reviewed")
    assert told["veddra:2"] == ("preferred_term:VOMITING", "synonym")
    assert told["veddra:3"] == ("preferred_term:DIARRHOEA", "spelling")
    assert told["veddra:4"] == ("preferred_term:SKIN INFLAMMATION", "word_order")
    assert told["veddra:5"] == ("veddra_pt:13", "own")
    assert found["veddra:2"]["confidence"] < found["veddra:3"]["confidence"] < 1


@pytest.mark.spark
def test_most_events_of_real_animals_are_joined_to_those_of_people(spark, shared):
    import datetime as dt

    from pipelines.defs.sources.veddra import conform, read
    from pipelines.defs.sources.veddra.tables import VeddraTerm
    from tests.sources.bronze import bronze_frame

    files = sorted((shared / "data" / "veddra").glob("*veddra*.csv*"))
    landed = {f"veddra/{f.name}": (f.read_bytes(), dt.date(2024, 1, 1)) for f in files}
    veddra = conform.term({VeddraTerm.address(): bronze_frame(spark, VeddraTerm, read.read, landed)})
    raw = gzip.decompress((shared / "data" / "faers" / "pvLRT" / "faers22q3raw.csv.gz").read_bytes())
    texts = pl.read_csv(io.BytesIO(raw), infer_schema_length=0)
    column = next(c for c in texts.columns if c.upper() in ("AE", "EVENT", "PT"))
    names = sorted(set(texts[column].drop_nulls().to_list()))
    rows = [(f"preferred_term:{n.upper()}", "preferred_term", n, None, None) for n in names]
    human = spark.createDataFrame(rows, COLUMNS).dropDuplicates(["term_key"])
    both = veddra.select(*[c.split()[0] for c in COLUMNS.split(", ")]).unionByName(human)
    bridge = term_bridge({"silver.term": always(spark.createDataFrame(both.collect(), COLUMNS))})
    shares = {
        r["method"]: r["n"]
        for r in bridge.filter("dictionary = 'veddra'")
        .groupBy("method")
        .count()
        .withColumnRenamed("count", "n")
        .collect()
    }
    joined = sum(n for method, n in shares.items() if method != "own")
    assert joined / sum(shares.values()) > 0.3, shares
