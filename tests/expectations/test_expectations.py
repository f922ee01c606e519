"""Rules compiled from tables find planted faults, count them, and never show a value."""

from __future__ import annotations

import pyarrow as pa
import pytest

from expectations.compile import Rule, planned, suite
from expectations.dagster import REQUIRED, check_results, check_specs
from expectations.report import page
from expectations.run import Outcome, validate, validate_small
from pipelines.core.axis import DERIVED
from pipelines.core.catalog import tables
from pipelines.core.table import Column, Table
from pipelines.orchestration.specs import key

SECRET = "SECRET-4711"


class Thing(Table):
    """One thing."""

    layer, name, key = "silver", "thing", ("thing_id", "part")
    axis = DERIVED
    thing_id = Column("string", "Key", required=True)
    part = Column("int", "Part", required=True, minimum=1)
    kind = Column("string", "Kind", codes={"x": "an x"})
    country = Column("string", "Country", pattern="^[A-Z]{2}$")
    age = Column("double", "Age", maximum=130, mostly=0.5)


SCHEMA = "thing_id string, part int, kind string, country string, age double"
GOOD = ("a", 1, "x", "FR", 1.0)


@pytest.fixture(params=["engine", "memory"])
def outcomes(request):
    """Validate rows as large tables are validated, and as small ones are."""

    def validated(*rows):
        if request.param == "engine":
            frame = request.getfixturevalue("spark").createDataFrame(list(rows), SCHEMA)
            return {o.rule.name: o for o in validate(frame, Thing)}
        given = pa.Table.from_pylist([dict(zip(Thing.columns, row, strict=True)) for row in rows], Thing.arrow_schema())
        return {o.rule.name: o for o in validate_small(given, Thing)}

    return validated


@pytest.mark.spark
def test_sound_rows_pass_every_rule(outcomes):
    assert {o.success for o in outcomes(GOOD, ("a", 2, None, None, None)).values()} == {True}


@pytest.mark.spark
@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ((None, 2, "x", "FR", 1.0), "thing_id_is_given"),
        (("b", 0, "x", "FR", 1.0), "part_is_in_range"),
        (("b", 1, SECRET, "FR", 1.0), "kind_is_a_known_code"),
        (("b", 1, "x", SECRET, 1.0), "country_matches_pattern"),
        (GOOD, "key_is_unique"),
    ],
)
def test_each_kind_of_fault_is_found_and_counted_without_its_value(outcomes, row, rule):
    found = outcomes(GOOD, row, ("c", 1, "x", "FR", 1.0))
    assert [name for name, o in found.items() if o.success is False] == [rule]
    assert found[rule].n_unexpected == (2 if rule == "key_is_unique" else 1)
    assert found[rule].n_rows == 3
    assert SECRET not in str([o.as_dict() for o in found.values()])
    assert SECRET not in str(list(check_results(found.values(), key("silver.thing"))))


@pytest.mark.spark
def test_a_rule_with_tolerance_warns_and_counts(outcomes):
    old = ("b", 1, "x", "FR", 200.0)
    half = outcomes(GOOD, old)["age_is_in_range"]
    assert (half.success, half.n_unexpected) == (True, 1)
    most = outcomes(GOOD, old, ("c", 1, "x", "FR", 200.0))["age_is_in_range"]
    assert (most.success, most.n_unexpected, most.rule.severity) == (False, 2, "warning")


@pytest.mark.spark
def test_an_empty_table_is_not_said_to_be_right(outcomes):
    found = outcomes()
    assert found.pop("columns_as_declared").success is True
    assert {(o.success, o.detail) for o in found.values()} == {(None, "the table is empty")}


def test_outcomes_can_be_kept_and_read_again():
    kept = Outcome(planned(Thing)[0], False, 10, 3, "why")
    assert Outcome.of_dict(kept.as_dict()) == kept
    assert kept.percent == 30


def test_a_rule_says_its_bounds():
    says = {r.name: r.says for r in planned(Thing)}
    assert says["part_is_in_range"] == "part: at least 1 in every row, where given"
    assert says["age_is_in_range"] == "age: at most 130 in 50 % of rows, where given"
    assert says["kind_is_a_known_code"] == "kind: one of x in every row, where given"
    assert says["key_is_unique"] == "thing_id, part: no two rows have the same"
    described = {s.name: s.description for s in check_specs(Thing, key("silver.thing"))}
    assert described["age_is_in_range"] == "age: at most 130 in 50 % of rows, where given."


def test_the_page_tells_what_is_broken_first_and_sums_up_by_source_and_layer():
    broken = next(r for r in planned(tables()["silver.report"]) if r.kind == "key")
    tolerant = next(r for r in planned(tables()["silver.report_history"]) if r.severity == "warning")
    accounted = Rule("rows_accounted", "bronze.faers_demo", None, "balance", "critical", 1.0, "mend", "rows in = kept")
    found = [
        Outcome(tolerant, False, 10, 9),
        Outcome(broken, False, 1_000, 2),
        Outcome(accounted, True, 5, 0, "0 in quarantine"),
        Outcome(planned(tables()["gold.signal"])[0], None, 0, 0, "the table is empty"),
    ]
    text = page(found)
    assert "1 rules hold, 2 are broken (1 critical), 1 do not apply" in text
    listed, rest = text.split("By source and layer")
    assert listed.index(broken.says) < listed.index(tolerant.says), "critical rules come first"
    assert [listed.count("<tr>"), rest.count("Source faers")] == [3, 2]
    assert rest.index("Source faers") < rest.index("Silver") < rest.index("Gold")
    assert "does not apply: the table is empty" in rest


@pytest.mark.parametrize("address", [a for a in tables() if not a.startswith("bronze.")])
def test_every_table_has_a_suite_that_follows_its_plan(address):
    table = tables()[address]
    rules = planned(table)
    assert [e.meta["rule"] for e in suite(table).expectations] == [r.name for r in rules]
    assert len({r.name for r in rules}) == len(rules)
    names = [s.name for s in check_specs(table, key(address))]
    assert REQUIRED in names
    assert len(names) == len(set(names))
