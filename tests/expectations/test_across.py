"""Rules across tables: each finds its own fault and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from expectations.across import RULES

D = dt.date


def tables(spark, **changed):
    made = {
        "report_history": (
            [("a", 1, D(2024, 1, 1), D(2024, 2, 1), False), ("a", 2, D(2024, 2, 1), None, True)],
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
        "substance": ([("S",)], "substance_key string"),
        "product": ([("P",)], "product_key string"),
        "product_substance": ([("P", 1)], "product_key string, ingredient_seq int"),
        "pack": ([("K", "P")], "pack_key string, product_key string"),
        "cascade": ([("S", True, 0), ("P", False, 3)], "substance_key string, is_reserved boolean, n_supplies int"),
    }
    return {
        f"{'gold' if name == 'cascade' else 'silver'}.{name}": spark.createDataFrame(changed.get(name, rows), schema)
        for name, (rows, schema) in made.items()
    }


def broken(lake):
    return {rule.name: o.n_unexpected for rule in RULES if (o := rule.check(lake)).success is False}


@pytest.mark.spark
def test_a_sound_lake_breaks_no_rule(spark):
    assert broken(tables(spark)) == {}


@pytest.mark.spark
@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"report_product": [("a", 3, ["S"])]}, {"every_product_has_its_report": 1}),
        ({"report_product": [("a", 1, ["S", "X"])]}, {"every_coded_substance_exists": 1}),
        ({"report_event": [("z", 1, "t")]}, {"every_event_has_its_report": 1}),
        ({"report_event": [("a", 1, "lost")]}, {"every_coded_event_is_a_term": 1}),
        (
            {"report": [("a", "a", True, False, "x", "NZ"), ("b", "a", True, False, "x", "NZ")]},
            {"every_cluster_has_one_head": 1},
        ),
        ({"product_substance": [("Q", 1)]}, {"every_ingredient_has_its_product": 1}),
        ({"pack": [("K", "Q")]}, {"every_pack_has_its_product": 1}),
        ({"cascade": [("S", True, 2)]}, {"no_reserved_antimicrobial_for_animals": 1}),
        (
            {"report_history": [("a", 1, D(2024, 1, 1), D(2024, 1, 9), False), ("a", 2, D(2024, 2, 1), None, True)]},
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
    rule = next(rule.rule for rule in RULES if rule.name in found)
    assert (rule.severity, "10%" in rule.says) == ("warning", True)
