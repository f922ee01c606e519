"""Our linkage beside splink (Fellegi and Sunter by EM, DuckDB back end) on the same reports.

`python -m tests.benchmarks.splink_links --landing DIR --lake DIR --evvet DIR` prints for each domain of a simulated
country precision and recall of both, and for the real listings of EVVet the links and the precision by the rules of
`real_links`. splink is no dependency of the project: install it beside it (`pip install splink`).

Measured with splink 5.0.0 on the demonstration (20,000 reports) and the real listings, links without those by number:
people, ours 257 links, precision 0.973, recall 0.984; splink from 0.9 256, 0.930, 0.937; from 0.99 219, 0.991, 0.854.
Cosmetics, ours recall 0.929, splink 0.107; nutrition 0.913 and 0.043; tattoos 0.909 and 0: too few pairs for a free EM.
Animals, ours 68 links, precision 1.000, recall 0.544; splink stops, as its EM lets a probability run to 0. EVVet as it
stands, ours 18 links, precision 0.944; splink from 0.99 696 links, precision 0.000: it learns what a product's reports
have in common. It is not taken.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from models.linkage.link import link
from pipelines.lake.query import query
from pipelines.settings import ROOT
from tests.benchmarks.linkage import truth
from tests.benchmarks.real_links import N_DRAWN, label, listings

THRESHOLDS = (0.6, 0.9, 0.99)
COMPARED = """
WITH substances AS (
    SELECT report_key, report_version, list_sort(list_distinct(flatten(list(substance_keys)))) AS substances
    FROM silver.report_product WHERE substance_keys IS NOT NULL AND is_current GROUP BY ALL),
events AS (
    SELECT report_key, report_version, list_sort(list(DISTINCT term_key)) AS events
    FROM silver.report_event WHERE term_key IS NOT NULL AND is_current GROUP BY ALL)
SELECT report_key, domain, CASE WHEN onset_precision = 'day' THEN onset_date END AS onset_date,
    received_first_date AS received_date, species, lower(breed) AS breed, sex, age_years, weight_kg, country, reporter,
    n_animals_affected, n_animals_treated, coalesce(n_animals_died, is_death::int) AS n_died, substances, events
FROM silver.report JOIN substances USING (report_key, report_version) JOIN events USING (report_key, report_version)
WHERE NOT is_retracted AND (onset_date IS NOT NULL OR age_years IS NOT NULL OR (sex IS NOT NULL AND breed IS NOT NULL))
ORDER BY report_key"""


def main() -> None:
    """Print a line for each set and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", default=str(ROOT / "data" / "landing"))
    parser.add_argument("--lake", default=str(ROOT / "data" / "lake"))
    parser.add_argument("--evvet", default=str(ROOT.parent / "shared" / "data" / "evvet"))
    options = parser.parse_args()
    planted = set(truth(Path(options.landing) / "truth" / "duplicates.csv"))
    reports = pl.DataFrame(pl.from_arrow(query(options.lake, COMPARED)))
    for domain in sorted(reports["domain"].unique()):
        of_domain = reports.filter(domain=domain).drop("domain")
        keys = set(of_domain["report_key"])
        told = {pair for pair in planted if pair <= keys}
        for method, links in _methods(of_domain):
            found = {frozenset(pair) for pair in links.select("left_key", "right_key").iter_rows()}
            precision, recall = (len(found & told) / max(len(n), 1) for n in (found, told))
            _say(f"{domain}: {method}: {len(found):,} links, precision {precision:.3f}, recall {recall:.3f}")
    rows = listings(Path(options.evvet), "")
    for method, links in _methods(rows):
        right = label(links.sample(min(N_DRAWN, links.height), seed=1), rows)
        precision = np.mean(right) if right else float("nan")
        _say(f"EVVet as it stands: {method}: {links.height:,} links, precision {precision:.3f} of {len(right)}")


def _methods(reports: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    ours = ("ours", link(reports, seed=1).links)
    try:
        scored = splink_links(reports, min(THRESHOLDS))
    except ValueError as error:  # its EM lets a probability run to 0
        _say(f"splink stops: {error}")
        return [ours]
    return [ours, *((f"splink from {t}", scored.filter(pl.col("probability") >= t)) for t in THRESHOLDS)]


def splink_links(reports: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Links by splink: u from random pairs, m by EM over two blockings, as its documentation advises."""
    try:
        import splink.comparison_library as cl
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError:
        raise SystemExit("splink is not installed: pip install splink, in an environment of its own") from None
    told: list[Any] = [
        cl.ArrayIntersectAtSizes("substances", [2, 1]),
        cl.ArrayIntersectAtSizes("events", [4, 3, 2, 1]),
        cl.AbsoluteDateDifferenceAtThresholds(
            "received_date", input_is_string=False, metrics=["day", "day"], thresholds=[31, 365]
        ),
    ]
    exact = ("species", "breed", "sex", "country", "reporter", "n_animals_affected", "n_animals_treated", "n_died")
    told += [
        cl.ExactMatch(c).configure(term_frequency_adjustments=c in ("breed", "country", "sex"))
        for c in exact
        if c in reports.columns and reports[c].n_unique() > 2
    ]
    for name, limits in (("age_years", [0.1, 1.0]), ("weight_kg", [0.5, 2.0])):
        if name in reports.columns and reports[name].n_unique() > 2:
            told.append(_by_difference(name, limits))
    if reports["onset_date"].null_count() < reports.height:
        told.append(
            cl.AbsoluteDateDifferenceAtThresholds(
                "onset_date", input_is_string=False, metrics=["day", "day", "day"], thresholds=[1, 7, 31]
            )
        )
    both = block_on("substances", "events", arrays_to_explode=["substances", "events"])
    blocks = [both, block_on("substances", "received_date", arrays_to_explode=["substances"])]
    settings = SettingsCreator(
        link_type="dedupe_only", comparisons=told, unique_id_column_name="report_key",
        blocking_rules_to_generate_predictions=blocks, probability_two_random_records_match=2 * 0.05 / reports.height,
        max_iterations=5,  # more let a probability run to 0 in the smaller domains
    )  # fmt: skip
    api = DuckDBAPI()
    linker = Linker(api.register(reports.to_arrow()), settings, log_level="ERROR")
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("substances[1]", "events[1]"), block_on("sex", "received_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, fix_probability_two_random_records_match=True
        )
    scored = pl.DataFrame(pl.from_arrow(linker.inference.predict(threshold).as_duckdbpyrelation().to_arrow_table()))
    return scored.select(
        pl.min_horizontal("report_key_l", "report_key_r").alias("left_key"),
        pl.max_horizontal("report_key_l", "report_key_r").alias("right_key"),
        probability="match_probability",
    ).sort("left_key", "right_key")


def _by_difference(name: str, limits: list[float]) -> dict[str, Any]:
    """A comparison of numbers by their difference."""
    levels: list[dict[str, Any]] = [
        {"sql_condition": f"{name}_l IS NULL OR {name}_r IS NULL", "label_for_charts": "unknown", "is_null_level": True}
    ]
    levels += [
        {"sql_condition": f"abs({name}_l - {name}_r) <= {limit}", "label_for_charts": f"within {limit}"}
        for limit in limits
    ]
    levels.append({"sql_condition": "ELSE", "label_for_charts": "further apart"})
    return {"output_column_name": name, "comparison_levels": levels}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
