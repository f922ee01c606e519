"""Names of a reference to places of a lake, by its dictionaries; what isn't found is counted and told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.evaluate.lake import NEVER, Domain, LakeReports, place_of
from pipelines.evaluate.reference import NEITHER, Pairs, folded, spelled
from pipelines.formats.domains import DOMAINS
from pipelines.frames.names import forms, normalise
from pipelines.frames.names import parts as ingredients
from pipelines.lake.query import QueryError, query

VETERINARY = "veterinary"
PEOPLE = {"human", "people", "humans", "person"}


@dataclass(frozen=True)
class Labels:
    """Labels of one domain by pair: (S, E) 1 true, 0 not true and said so, -1 neither, -2 not named; month public."""

    label: np.ndarray
    public_from: np.ndarray


UNNAMED = -2


@dataclass(frozen=True)
class Resolved:
    """Labels by domain, and coverage: one row a state that pairs of the reference ended in."""

    labels: dict[str, Labels]
    coverage: list[dict[str, Any]]
    pairs: pl.DataFrame  # of the reference: row, substance, event, label, state
    places: pl.DataFrame  # row, place from 1, domain, substance and event by place in it
    n_pairs: int
    n_found: int


class _Names:
    """The dictionaries of a lake: which places a name stands for."""

    def __init__(self, root: str, reports: LakeReports, as_of: str | None) -> None:
        self.substance = self._keys(root, "SELECT normalised_name, substance_key FROM silver.substance_name", as_of)
        self.terms = self._keys(root, "SELECT term_name, pt_name FROM silver.term WHERE pt_name IS NOT NULL", as_of)
        bridge = "SELECT term_name, event_key FROM silver.term_bridge UNION SELECT event_name, event_key "
        self.events = self._keys(root, f"{bridge} FROM silver.term_bridge", as_of)
        self.by_domain = {name: _of_domain(domain) for name, domain in reports.domains.items()}
        self.held = {name: np.zeros(d.counted.listed_from.shape, dtype=bool) for name, d in reports.domains.items()}
        for name, domain in reports.domains.items():
            self.held[name][domain.counted.substance, domain.counted.event] = True

    @staticmethod
    def _keys(root: str, sql: str, as_of: str | None) -> dict[str, set[str]]:
        try:
            rows = pl.DataFrame(query(root, sql, as_of)).iter_rows()
        except QueryError:
            return {}  # a lake without this dictionary knows names as they were reported
        found: dict[str, set[str]] = defaultdict(set)
        for name, key in rows:
            if name and key:
                found[folded(name)].add(key)
        return found

    def substances(self, name: str, domain: str) -> list[int]:
        """Places of a substance, by the first form of its name that the lake knows."""
        keys, names = self.by_domain[domain][:2]
        plain = normalise(name)
        if not plain:
            return []
        for form in dict.fromkeys([plain, *(f for f, _ in forms(plain)), *(ingredients(plain)[:1])]):
            known = [keys[key] for key in sorted(self.substance.get(folded(form), ())) if key in keys]
            known = known or names.get(folded(form), [])
            if known:
                return known
        return []

    def event(self, name: str, domain: str) -> list[int]:
        """Places of an event: its own name, the preferred term of the name, or the event that dictionaries share."""
        _, _, names, shared = self.by_domain[domain]
        plain = folded(name)
        if plain in names:
            return names[plain]
        found = {p for pt in self.terms.get(plain, ()) for p in names.get(folded(pt), ())}
        found |= {p for key in self.events.get(plain, ()) for p in shared.get(key, ())}
        return sorted(found)

    def knows_event(self, name: str) -> bool:
        """Whether any dictionary of the lake has the name, though perhaps no report does."""
        return folded(name) in self.terms or folded(name) in self.events


def _of_domain(domain: Domain) -> tuple[dict[str, int], Mapping[str, list[int]], Mapping[str, list[int]], Any]:
    keys = {key: i for i, key in enumerate(domain.substances["key"])}
    names: dict[str, list[int]] = defaultdict(list)
    for i, (name, key) in enumerate(domain.substances.select("name", "key").iter_rows()):
        for text in {folded(name or key), folded(key.removeprefix("reported:").removeprefix("name:"))}:
            names[text].append(i)
    events: dict[str, list[int]] = defaultdict(list)
    shared: dict[str, list[int]] = defaultdict(list)
    for i, (name, event) in enumerate(domain.events.select("name", "event").iter_rows()):
        events[folded(name)].append(i)
        if event:
            shared[event].append(i)
    return keys, names, events, shared


def resolve(root: str, reports: LakeReports, pairs: Pairs, as_of: str | None = None) -> Resolved:
    """Find the pairs of a reference in the domains of a lake; the first public date of a pair counts, whoever's."""
    names = _Names(root, reports, as_of)
    labels = unnamed(reports)
    told: list[dict[str, Any]] = []
    found_at: list[tuple[int, int, str, int, int]] = []
    for row in pairs.rows.iter_rows(named=True):
        state, places = _find(row, names, pairs, reports)
        found_at += [(row["row"], i, *place) for i, place in enumerate(places, 1)]
        for domain, s, e in places:
            _mark(labels[domain], s, e, row, reports, pairs.has_dates)
        told.append({**{k: row[k] for k in ("row", "substance", "event", "label")}, "state": state})
    columns = {"row": pl.Int64, "place": pl.Int64, "domain": pl.String, "s": pl.Int64, "e": pl.Int64}
    return resolved_of(labels, pl.DataFrame(told), pl.DataFrame(found_at, schema=columns, orient="row"))


def resolved_of(labels: dict[str, Labels], pairs: pl.DataFrame, places: pl.DataFrame) -> Resolved:
    """Count what became of the rows of a reference (row, substance, event, label, state)."""
    distinct = pairs.with_columns(pl.col("substance", "event").str.to_lowercase()).unique(["substance", "event"])
    n_found = int((distinct["state"] == "found").sum())
    coverage = [{"what": "pairs of the reference", "n": f"{distinct.height:,}"}]
    coverage += [
        {"what": f"true: {state}" if label == 1 else f"not true, or neither: {state}", "n": f"{n:,}"}
        for label, state, n in distinct.with_columns(label=pl.col("label") == 1)
        .group_by("label", "state")
        .len()
        .sort("label", "state", descending=[True, False])
        .iter_rows()
    ]
    return Resolved(labels, coverage, pairs, places, distinct.height, n_found)


def unnamed(reports: LakeReports) -> dict[str, Labels]:
    """Labels of a lake of which nothing was said yet."""
    return {
        name: Labels(
            np.full(d.counted.listed_from.shape, UNNAMED), np.full(d.counted.public_from.shape, NEVER, dtype=np.int64)
        )
        for name, d in reports.domains.items()
    }


def _find(
    row: Mapping[str, Any], names: _Names, pairs: Pairs, reports: LakeReports
) -> tuple[str, list[tuple[str, int, int]]]:
    """State of a row (found, or why not), and the places of its pair."""
    domains = [d for d in reports.domains if _may_be(row["species"], d)]
    if not domains:
        return "its species is of no domain of the lake", []
    by_domain = {d: names.substances(row["substance"], d) or names.substances(row["product"] or "", d) for d in domains}
    if not any(by_domain.values()):
        return "its substance is in no report", []
    texts = spelled(row["event"], pairs.wordings)
    places = [(d, s, e) for d in domains for s in by_domain[d] for text in texts for e in names.event(text, d)]
    if not places:
        known = any(names.knows_event(text) for text in texts)
        return ("its event is in no report" if known else "its event is in no dictionary of the lake"), []
    counted = [(d, s, e) for d, s, e in dict.fromkeys(places) if names.held[d][s, e]]
    return ("found", counted) if counted else ("no report holds both", [])


def _may_be(species: str | None, domain: str) -> bool:
    """Whether a species of a reference, or the name of a domain, can be of a domain; any where none is said."""
    if species in DOMAINS and species != "human":
        return species == domain
    if not species or not species.strip() or species.strip().startswith("("):
        return True
    return (species.strip().lower() in PEOPLE) != (domain == VETERINARY)


def _mark(labels: Labels, s: int, e: int, row: Mapping[str, Any], reports: LakeReports, has_dates: bool) -> None:
    """Write a row into the labels: any true row makes a pair true, an undated one among dated ones neither."""
    label = row["label"]
    if label == 1:
        if row["year"] is not None:
            place = place_of(row["year"], row["month"], reports)
            labels.public_from[s, e] = min(int(labels.public_from[s, e]), place)
        elif has_dates and labels.public_from[s, e] == NEVER:
            labels.label[s, e] = max(int(labels.label[s, e]), NEITHER) if labels.label[s, e] != 1 else 1
            return
        labels.label[s, e] = 1
    elif labels.label[s, e] != 1:
        neither = label == NEITHER or labels.label[s, e] == NEITHER
        labels.label[s, e] = NEITHER if neither else 0
