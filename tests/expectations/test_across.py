"""Rules across tables: each finds its own fault and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pyarrow as pa
import pytest

from expectations.across import check, rule_of
from expectations.outcomes import keep, kept_of
from expectations.run import Outcome
from pipelines.core.across import Reference, references
from pipelines.core.catalog import rules
from pipelines.core.catalog import tables as known
from pipelines.defs.silver.product.tables import Pack, Product
from pipelines.lake.lake import Lake

D = dt.date
ARROW = {
    "string": pa.string(),
    "int": pa.int32(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "array<string>": pa.list_(pa.string()),
}


def tables(spark, **changed):
    linked = sorted({key for a, b, _ in changed.get("duplicate_link", [("a", "b", "")]) for key in (a, b)} - {"a"})
    made = {
        "report_history": (
            [
                *[("a", 1, D(2024, 1, 1), D(2024, 2, 1), False), ("a", 2, D(2024, 2, 1), None, True)],
                *[(key, 1, D(2024, 1, 1), None, True) for key in linked],
            ],
            "report_key string, report_version int, known_from date, known_to date, is_latest boolean",
        ),
        "report": (
            [("a", "a", True, False, "x", "NZ"), ("b", "a", False, False, "x", "NZ")],
            "report_key string, duplicate_cluster string, is_cluster_head boolean, is_retracted boolean, source string, "
            "country string",
        ),
        "duplicate_link": ([("a", "b", "identifier")], "report_key string, other_report_key string, rule string"),
        "report_product": (
            [("a", 1, ["S"]), ("a", 2, None)],
            "report_key string, report_version int, substance_keys array<string>",
        ),
        "report_event": ([("a", 1, "t"), ("a", 2, None)], "report_key string, report_version int, term_key string"),
        "term": ([("t",)], "term_key string"),
        "substance": ([("S",), ("P",)], "substance_key string"),
        "product": ([("P",)], "product_key string"),
        "product_substance": ([("P", 1)], "product_key string, ingredient_seq int"),
        "pack": ([("K", "P")], "pack_key string, product_key string"),
        "cascade": ([("S", True, 0), ("P", False, 3)], "substance_key string, is_reserved boolean, n_supplies int"),
    }
    return {
        f"{'gold' if name == 'cascade' else 'silver'}.{name}": local(spark, changed.get(name, rows), schema)
        for name, (rows, schema) in made.items()
    }


def local(spark, rows, schema):
    """A frame that the engine holds itself: one of Python rows would ask a worker for them in every job."""
    names, kinds = zip(*(field.split(" ") for field in schema.split(", ")), strict=True)
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return spark.createDataFrame(
        pa.table({n: pa.array(list(v), ARROW[k]) for n, k, v in zip(names, kinds, columns, strict=True)})
    )


def broken(lake):
    asked = [rule for rule in rules() if {rule.table, *rule.reads} <= set(lake)]
    return {rule.name: o.n_unexpected for rule in asked if (o := check(rule, lake)).success is False}


@pytest.mark.spark
def test_a_sound_lake_breaks_no_rule(spark):
    assert broken(tables(spark)) == {}


@pytest.mark.spark
@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"report_product": [("a", 3, ["S"])]}, {"report_key_and_report_version_in_report_history": 1}),
        ({"report_product": [("a", 1, ["S", "X"])]}, {"substance_keys_in_substance": 1}),
        ({"report_event": [("z", 1, "t")]}, {"report_key_and_report_version_in_report_history": 1}),
        ({"report_event": [("a", 1, "lost")]}, {"term_key_in_term": 1}),
        (
            {"report": [("a", "a", True, False, "x", "NZ"), ("b", "a", True, False, "x", "NZ")]},
            {"every_cluster_has_one_head": 1},
        ),
        ({"product_substance": [("Q", 1)]}, {"product_key_in_product": 1}),
        ({"pack": [("K", "Q")]}, {"product_key_in_product": 1}),
        ({"cascade": [("S", True, 2)]}, {"no_reserved_antimicrobial_for_animals": 1}),
        (
            {
                "report_history": [
                    *[("a", 1, D(2024, 1, 1), D(2024, 1, 9), False), ("a", 2, D(2024, 2, 1), None, True)],
                    ("b", 1, D(2024, 1, 1), None, True),
                ]
            },
            {"versions_follow_each_other": 1},
        ),
    ],
)
def test_each_fault_is_found_by_its_rule(spark, changed, found):
    assert broken(tables(spark, **changed)) == found


def dropping(n_dropped, n_cases, rule="probabilistic"):
    """A country in which so many cases are the second of a cluster of two."""
    pairs = [(f"a{i}", f"b{i}", rule) for i in range(n_dropped)]
    reports = [(key, f"a{i}", key == f"a{i}", False, "x", "NZ") for i in range(n_dropped) for key in (f"a{i}", f"b{i}")]
    alone = [(f"c{i}", f"c{i}", True, False, "x", "NZ") for i in range(n_cases - 2 * n_dropped)]
    return {"report": [*reports, *alone], "duplicate_link": pairs}


@pytest.mark.spark
def test_likeness_that_drops_too_many_cases_of_a_country_warns(spark):
    found = {"few_cases_are_dropped_for_likeness": 11}
    assert broken(tables(spark, **dropping(11, 100))) == found
    assert broken(tables(spark, **dropping(10, 100))) == {}
    assert broken(tables(spark, **dropping(11, 99))) == {}
    assert broken(tables(spark, **dropping(11, 100, "identifier"))) == {}
    assert broken(tables(spark, **dropping(11, 100, "refused"))) == {}
    rule = next(rule_of(rule) for rule in rules() if rule.name in found)
    assert (rule.severity, "10%" in rule.says) == ("warning", True)


def test_columns_of_the_parents_key_refer_together_and_others_alone():
    found = {table: references(known()[table], known()) for table in ("silver.report_event", "silver.duplicate_link")}
    history, version = "silver.report_history", ("report_key", "report_version")
    assert found["silver.report_event"] == [
        Reference("silver.report_event", version, history, version),
        Reference("silver.report_event", ("term_key",), "silver.term", ("term_key",)),
    ]
    assert [(r.columns, r.parent_columns) for r in found["silver.duplicate_link"]] == [
        (("report_key",), ("report_key",)),
        (("other_report_key",), ("report_key",)),
    ]
    assert references(known()["silver.report_product"], known())[-1].of_lists


def test_a_reference_to_what_is_no_table_is_refused():
    with pytest.raises(ValueError, match=r"silver\.pack\.product_key refers to silver\.product, which is no table"):
        references(Pack, {})


@pytest.mark.spark
def test_a_small_lake_is_asked_without_the_engine_and_says_the_same(spark, tmp_path):
    lake = Lake(spark, str(tmp_path), known())
    since = {"source": "bdpm", "valid_from": D(2024, 1, 1), "is_current": True}

    def put(table, *rows):
        given = [tuple((since | row).get(c) for c in table.columns) for row in rows]
        lake.upsert(table, spark.createDataFrame(given, table.spark_schema()), {})

    (rule,) = [rule for rule in rules() if rule.table == "silver.pack"]
    assert check(rule, lake).success is None
    put(Product, {"product_key": "CIS:1", "domain": "human", "is_orphan": False})
    put(Pack, *[{"pack_key": f"CIP13:{i}", "product_key": key} for i, key in enumerate(("CIS:1", "CIS:2"))])
    said = check(rule, lake)
    assert (said.success, said.n_rows, said.n_unexpected) == (False, 2, 1)
    assert said == check(rule, {a: lake[a] for a in ("silver.pack", "silver.product")})


def test_an_outcome_is_found_again_for_the_same_rule_in_the_same_version_only(tmp_path):
    one, other = (rule_of(rule) for rule in rules()[:2])
    found = Outcome(one, False, 3, 1)
    keep(found, tmp_path, "silver.report@1")
    assert kept_of(one, tmp_path, "silver.report@1") == found
    assert kept_of(one, tmp_path, "silver.report@2") is None
    assert kept_of(other, tmp_path, "silver.report@1") is None
    assert kept_of(replace(one, says="something else"), tmp_path, "silver.report@1") is None
    keep(found, tmp_path)
    assert kept_of(one, tmp_path, "") is None
