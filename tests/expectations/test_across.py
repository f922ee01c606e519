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
            [("a", "a", True), ("b", "a", False)],
            "report_key string, duplicate_cluster string, is_cluster_head boolean",
        ),
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
        ({"report": [("a", "a", True), ("b", "a", True)]}, {"every_cluster_has_one_head": 1}),
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
