"""How well duplicates are linked, on the truth of a simulated country that the main job has built.

`python -m tests.benchmarks.linkage --landing DIR --lake DIR` prints, for each domain: pairs linked, precision, recall,
and recall by how the copy was told: under the same number, under another through another channel, within one channel.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from itertools import combinations
from pathlib import Path

from pipelines.lake.query import query
from pipelines.settings import ROOT

# Case number and world-wide number of a simulated case to the key of its report, by source and domain.
KEYS = {
    ("faers", "human"): lambda no, _: f"faers:{8_000_000 + no}",
    ("e2b", "human"): lambda no, _: f"e2b:SIM-{no}",
    ("bnpv", "human"): lambda _, number: f"bnpv:{number}/1",
    ("openfda", "human"): lambda no, _: f"openfda:{9_000_000 + no}",
    ("evvet", "veterinary"): lambda _, number: f"evvet:{number}",
    ("gl42", "veterinary"): lambda _, number: f"gl42:{number}",
    ("openfda", "veterinary"): lambda _, number: f"openfda:{number}",
    ("caers", "cosmetic"): lambda no, _: f"caers:2012-CFS-C{no}",
    ("caers", "nutrition"): lambda no, _: f"caers:2012-CFS-N{no}",
    ("openfda", "cosmetic"): lambda no, _: f"openfda:2012-CFS-O{no}",
    ("sue", "cosmetic"): lambda no, _: f"sue:SUE-{no}",
    ("nutrivigilance", "nutrition"): lambda no, _: f"nutrivigilance:NUT-{no}",
    ("tattoo", "tattoo"): lambda no, _: f"tattoo:TAT-{no}",
}
WAYS = ("same number", "other number", "within a channel")


def main() -> None:
    """Print a line a domain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", default=str(ROOT / "data" / "landing"))
    parser.add_argument("--lake", default=str(ROOT / "data" / "lake"))
    options = parser.parse_args()
    planted = truth(Path(options.landing) / "truth" / "duplicates.csv")
    clusters = query(
        options.lake,
        "SELECT domain, duplicate_cluster, list(report_key) AS keys FROM silver.report WHERE NOT is_retracted "
        "GROUP BY ALL",
    ).to_pylist()
    alive = {key for c in clusters for key in c["keys"]}
    for domain in sorted({d for d, *_ in planted.values()}):
        linked = {
            frozenset(pair) for c in clusters if c["domain"] == domain for pair in combinations(sorted(c["keys"]), 2)
        }
        true = {p: way for p, (d, way) in planted.items() if d == domain and p <= alive}
        hit = linked & set(true)
        said = [f"{domain}: {len(linked):,} pairs, precision {_share(len(hit), len(linked))}"]
        said.append(f"recall {_share(len(hit), len(true))} of {len(true):,}")
        for way in WAYS:
            of_way = {p for p, w in true.items() if w == way}
            said.append(f"{way} {_share(len(hit & of_way), len(of_way))} of {len(of_way):,}")
        sys.stdout.write(", ".join(said) + "\n")


def truth(file: Path) -> dict[frozenset[str], tuple[str, str]]:
    """Pairs of reports that tell the same case, with their domain and how the copy was told."""
    groups: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            way = WAYS[2] if row["channel"] == row["original_channel"] else WAYS[row["is_same_number"] != "true"]
            groups[row["domain"], row["duplicate_of"]].append((_key(row, ""), _key(row, "original"), way))
    return {frozenset((copy, first)): (domain, way) for (domain, _), g in groups.items() for copy, first, way in g}


def _key(row: dict[str, str], of: str) -> str:
    channel = row["original_channel"] if of else row["channel"]
    case = row["duplicate_of"] if of else row["case_no"]
    number = row["original_no"] if of else row["worldwide_no"]
    return KEYS[channel, row["domain"]](int(case), number)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


if __name__ == "__main__":
    main()
