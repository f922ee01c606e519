"""Every signal step ends on every lake: what nothing feeds is empty, what one kind of name feeds is scored by it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pipelines.defs.gold.comedication.build import comedication
from pipelines.defs.gold.comedication.tables import Comedication
from pipelines.defs.gold.comparison.build import signal_by_method
from pipelines.defs.gold.comparison.tables import SignalByMethod
from pipelines.defs.gold.disproportionality.build import level_signal, prior, signal, signal_course, subgroup_signal
from pipelines.defs.gold.disproportionality.tables import Prior
from pipelines.defs.gold.interaction.build import interaction
from pipelines.defs.gold.interaction.tables import Interaction
from pipelines.defs.gold.masking.build import masking
from pipelines.defs.gold.masking.tables import Masking
from pipelines.defs.silver.coded_report.conform import code_level
from pipelines.defs.silver.coded_report.tables import CodeLevel
from pipelines.defs.silver.substance.tables import Substance
from pipelines.defs.silver.term.tables import Term
from tests.gold.test_disproportionality import platform_of

D = dt.date
SETTINGS = {"minimum_reports": 50, "minimum_subgroup_reports": 10, "lasso_minimum_reports": 50, "shuffle_partitions": 2}


def reports(n: int = 240, has_substances: bool = True, has_terms: bool = True):
    """Dogs and cats of three months; NEW goes with `v:1`."""
    random = np.random.default_rng(4)
    history, products, events = [], [], []
    for i in range(n):
        key = f"c{i:03}"
        history.append((key, 1, D(2024, 1 + i % 3, 10), None, False, "veterinary", "dog" if i % 3 else "cat"))
        substance = "NEW" if i % 12 == 0 else f"S{random.integers(5)}"
        term = "v:1" if substance == "NEW" or random.random() < 0.05 else f"v:{random.integers(2, 7)}"
        products.append((key, 1, "suspect", [substance] if has_substances else None))
        events.append((key, 1, term if has_terms else None))
    return history, products, events


def substances(with_atc: bool) -> list[dict[str, object]]:
    listed = [{"substance_key": name, "substance_name": name.title()} for name in ("NEW", *(f"S{i}" for i in range(5)))]
    return [s | ({"atcvet_codes": ["QJ01CA04"]} if with_atc else {}) for s in listed]


def terms(with_levels: bool) -> list[dict[str, object]]:
    listed = [
        {"term_key": f"v:{i}", "dictionary": "veddra", "term_code": str(i), "term_name": f"t{i}"} for i in range(1, 7)
    ]
    levels = {f"{level}_{kind}": f"{level}{kind}" for level in ("pt", "hlt", "soc") for kind in ("code", "name")}
    return [t | (levels if with_levels else {}) for t in listed]


NONE = ([], [], [])
LAKES = {  # reports, substances, terms, levels that level_signal has
    "nothing": (NONE, [], [], set()),
    "dictionaries without reports": (NONE, substances(True), terms(True), set()),
    "reports that name no substance": (reports(has_substances=False), substances(True), terms(True), set()),
    "reports that name no event": (reports(has_terms=False), substances(True), terms(True), set()),
    "no dictionary at all": (reports(), [], [], set()),
    "no ATC": (reports(), substances(False), terms(True), {("substance", x) for x in ("pt", "hlt", "soc")}),
    "no hierarchy of terms": (reports(), substances(True), terms(False), {("atc4", "term")}),
    "too few reports": (reports(9), substances(True), terms(True), None),
}


def placed(lake, table, rows):
    """A small silver table with what is given, other columns null."""
    fields = [f"{f.name} {f.dataType.simpleString()}" for f in table.spark_schema().fields]
    whole = [tuple(row.get(name) for name in table.columns) for row in rows]
    frame = lake.spark.createDataFrame(whole, ", ".join(fields))
    frame.write.format("delta").mode("overwrite").save(lake.path(table.address()))


IN_CI = ("nothing", "no ATC", "no hierarchy of terms")


@pytest.mark.spark
@pytest.mark.parametrize(
    "name", [name if name in IN_CI else pytest.param(name, marks=pytest.mark.slow) for name in LAKES]
)
def test_every_signal_step_ends(spark, tmp_path, name):
    given, substances, terms, levels = LAKES[name]
    platform = platform_of(spark, tmp_path, *given, **SETTINGS)
    lake = platform.lake
    for table, rows in ((Substance, substances), (Term, terms)):
        if rows:
            placed(lake, table, rows)
    lake.upsert(CodeLevel, code_level(lake), {})
    lake.upsert(Prior, prior(lake, platform), {})
    for step in (signal, subgroup_signal, level_signal, signal_course):
        step(platform, {})
    for table, found in (
        (Interaction, interaction(lake, platform)),
        (Masking, masking(lake, platform)),
        (Comedication, comedication(lake, platform)),
    ):
        lake.upsert(table, found, {})
    lake.upsert(SignalByMethod, signal_by_method(lake), {})
    rows = lake["gold.level_signal"].select("substance_level", "term_level").distinct().collect()
    found = {(r["substance_level"], r["term_level"]) for r in rows}
    is_fed = given is not NONE and name not in ("reports that name no substance", "reports that name no event")
    assert (lake["gold.signal"].count() > 0) == is_fed
    if levels is not None:
        assert found == levels
        assert (lake["gold.signal_by_method"].count() > 0) == is_fed
