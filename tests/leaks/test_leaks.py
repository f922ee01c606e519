"""The past stays as it was: nothing known later changes what gold says of an earlier month, to the last bit.

A country is cut at a date; what came later is removed, or replaced by noise. What the platform then says of the months
that had ended must be what it says with everything there. Each kind of leak is planted once to show that this test
sees it.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.defs.silver.coded_report import conform as coded
from pipelines.defs.silver.report.conform import report
from pipelines.frames.history import always
from tests.leaks import dictionaries
from tests.leaks.chain import STEPS, built, carried_on, told
from tests.leaks.country import country, until, with_noise

D = dt.date
CUTS = [D(2023, 8, 20), D(2023, 9, 30), D(2023, 12, 31)]  # amid a quarter, and at the ends of two


@pytest.fixture(scope="module")
def whole(spark):
    return built(spark, country(), dictionaries.releases())


@pytest.fixture(scope="module")
def noisy(spark):
    return built(spark, with_noise(country(), CUTS[1]), dictionaries.with_noise(CUTS[1]))


def differing(then, now):
    """Names of what differs; a failure shows a few keys, not thousands of rows."""
    found = {}
    for name, before in then.items():
        after = now[name]
        if before != after:
            pairs = (before.items(), after.items()) if isinstance(before, dict) else (map(str, before), map(str, after))
            lost, come = ({str(x) for x in side} for side in pairs)
            found[name] = sorted(lost ^ come)[:3]
    return found


@pytest.mark.spark
def test_the_country_holds_every_kind_of_change(whole):
    """Else equality would say nothing."""
    history = whole["silver.report_history"].collect()
    assert sum(r["report_version"] > 1 and not r["is_retracted"] for r in history) > 10
    assert sum(r["is_retracted"] for r in history) > 3
    assert {r["rule"] for r in whole["silver.duplicate_link"].collect()} >= {"identifier"}
    ends = [r["month_to"] for r in whole["silver.coded_report"].collect()]
    assert sum(end is not None for end in ends) > 10
    for address in ("silver.term", "silver.name_coding", "silver.substance"):
        assert whole[address].filter("known_to IS NOT NULL").count() > 1, address
    for address in ("silver.report_event", "silver.report_product"):
        assert whole[address].filter("coded_to IS NOT NULL").count() > 10, address
    now = told(whole, CUTS[-1])
    assert len(now["cube"]) > 300
    assert len(now["scores"]) > 300
    assert len(now["priors"]) >= 1
    assert len(now["lists"]) > 20


@pytest.mark.spark
def test_noise_after_a_date_changes_no_month_before(whole, noisy):
    """The small form: one cut, everything later replaced by noise, reports and releases of dictionaries."""
    assert differing(told(noisy, CUTS[1]), told(whole, CUTS[1])) == {}


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("day", CUTS, ids=str)
def test_nothing_known_later_changes_an_earlier_month(spark, whole, day):
    now = told(whole, day)
    assert len(now["cube"]) > 100
    removed = built(spark, until(country(), day), dictionaries.until(day))
    assert differing(told(removed, day), now) == {}
    replaced = built(spark, with_noise(country(), day), dictionaries.with_noise(day))
    assert differing(told(replaced, day), now) == {}


def of_the_latest(tables):
    """Leak by follow-ups: every version says what the last one says."""
    history = STEPS["silver.report_history"](tables)
    last = Window.partitionBy("report_key").orderBy(F.desc("report_version"))
    return history.withColumns({c: F.first(c).over(last) for c in ("sex", "age_years", "received_first_date")})


def without_the_withdrawn(tables):
    """Leak by retractions: a withdrawn case was never there."""
    history = STEPS["silver.report_history"](tables)
    gone = history.filter("is_retracted").select("report_key")
    return history.join(gone, on="report_key", how="left_anti")


def headed_by_today(tables):
    """Leak by duplicates: the head of a cluster is the one of today, in all months."""
    heads = report(tables).filter("is_cluster_head").select("report_key")
    none = tables["silver.duplicate_link"].limit(0)
    history = tables["silver.report_history"].join(heads, on="report_key", how="left_semi")
    return coded.coded_report({**tables, "silver.report_history": history, "silver.duplicate_link": none})


def numbered_by(address, column):
    """Leak by what is there today: codes go by how many rows of a table hold a key."""

    def leaking(tables):
        held = tables[address].groupBy(F.col(column).alias("key_coded")).count()
        order = Window.partitionBy("kind").orderBy(F.desc("count"), "key_coded")
        made = coded.code(tables).join(held, on="key_coded", how="left")
        return made.withColumn("code", F.row_number().over(order)).drop("count")

    return leaking


LEAKS = {
    "follow-ups": ("silver.report_history", of_the_latest),
    "retractions": ("silver.report_history", without_the_withdrawn),
    "duplicates": ("silver.coded_report", headed_by_today),
    "new reports": ("silver.code", numbered_by("silver.report_event", "term_key")),
    "dictionary": ("silver.code", numbered_by("silver.substance_name", "substance_key")),
}


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("kind", LEAKS)
def test_a_planted_leak_is_seen(whole, noisy, kind):
    address, leaking = LEAKS[kind]
    then, now = (told(carried_on(tables, address, leaking), CUTS[1]) for tables in (noisy, whole))
    assert differing(then, now)


def of_today(address):
    """Leak by releases: what a dictionary says today, it always said."""

    def leaking(tables):
        return always(STEPS[address](tables).filter("is_current"))

    return leaking


RELEASES = [
    *(("silver.substance_name", kind) for kind in ("recode", "rename", "retire")),
    *(("silver.term", kind) for kind in ("recode", "rename", "move")),
]


@pytest.fixture(scope="module")
def coded_by_today(whole):
    """What the country says where one table is the dictionary of today; made once a table."""
    return cache(lambda address: told(carried_on(whole, address, of_today(address)), CUTS[1]))


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize(("address", "kind"), RELEASES, ids=lambda x: x.replace("silver.", ""))
def test_a_release_changes_no_month_before_and_would_be_seen_if_it_did(spark, whole, coded_by_today, address, kind):
    """One kind of change of one later release: nothing before differs, and all would if versions were left out."""
    day = CUTS[1]
    noise = dictionaries.bronze(spark, dictionaries.with_noise(day, [kind]))
    released = carried_on(whole | noise, "silver.term")  # the first step that reads a dictionary
    assert differing(told(released, day), told(whole, day)) == {}
    assert differing(told(carried_on(released, address, of_today(address)), day), coded_by_today(address))
