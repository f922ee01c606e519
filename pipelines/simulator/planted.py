"""Families of harms and artefacts planted in the reports of files: the same data as in `years`, as far as a file tells.

Not in files: rechallenge, narrative and literature as evidence; an effect shared from animals to people; leaflets. A
harm whose ratio would be below `LEAST_TRUE` is not planted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import polars as pl
from scipy.special import expit, logit

from pipelines.simulator.years.families import EVIDENCE, Families, Family, Sharing
from pipelines.simulator.years.history import NEVER
from pipelines.simulator.years.plants import LEAST_TRUE, SPREAD_OVER_PAIRS

Array = np.ndarray
MOST = 0.9  # chance that a report of the substance tells the event
REGIONS = ("FR", "DE", "US", "IT", "ES", "GB")
LEFT_BY_A_FALL, GAINED_BY_A_SURGE = 0.3, 2.5
TOLD = ("informative", "onset_known", "onset_early", "serious", "consumer")
OPTIONAL = ("age_years", "weight_kg", "sex", "country", "onset_date")


@dataclass(frozen=True)
class Plant:
    """One planted pair; onset, end (exclusive, `NEVER`: it stays): months of the domain's window."""

    family: str
    is_harm: bool
    substance: int
    term: int
    onset: int
    end: int
    strength: float
    batch: str = ""
    note: str = ""


@dataclass(frozen=True)
class Kin:
    """Class of each substance by its number, group of each term by its number, and what the other kingdom has."""

    class_of: Array
    group_of: Array
    elsewhere: Sequence[Plant] = ()


class Drawn(Protocol):
    """Reports of one domain, by case (N,): month, rank of the substance, product; by told event: case, term.

    substances: number by rank. substance_of, product_species: by product. typical: (S, terms a substance).
    """

    domain: str
    n: int
    n_months: int
    n_terms: int
    month: Array
    rank: Array
    product: Array
    case: Array
    term: Array
    substances: Array
    substance_of: Array
    product_species: Array | None
    typical: Array


class Planting:
    """Plants families in drawn reports; what dresses the reports is kept by case.

    lot: month that a batch bears, -1 for its own. sex, country: "" where not said. shares: wanted share of each of
    `TOLD`, NaN where not said. copied: the same of copies. partner: product taken beside, -1 none. is_second: the
    partner is the suspect.
    """

    def __init__(self, drawn: Drawn, families: Families, kin: Kin, seed: int) -> None:
        """Plant every family that names the domain, in the order of the file."""
        self.drawn, self.kin = drawn, kin
        n = drawn.n
        self.lot, self.partner = np.full(n, -1), np.full(n, -1)
        self.sex, self.country = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
        self.shares = {name: np.full(n, np.nan) for name in TOLD}
        self.copied, self.is_second, self.is_planted = np.full(n, np.nan), np.zeros(n, bool), np.zeros(n, bool)
        self.launched = np.zeros(drawn.substances.size, dtype=np.int64)
        self.taken = np.zeros((drawn.substances.size, drawn.n_terms), dtype=bool)
        self.taken[np.arange(drawn.substances.size)[:, None], drawn.typical] = True
        self.usual = np.bincount(drawn.term, minlength=drawn.n_terms) / n
        self.plants: list[Plant] = []
        for name, family in families.items():
            self.random = np.random.default_rng([seed, *drawn.domain.encode(), *name.encode()])
            if drawn.domain in family.domains:
                self._family(name, family)

    def _family(self, name: str, family: Family) -> None:
        n = max(1, round(family.per_100_substances * self.drawn.substances.size / 100))
        for strength in family.strength.draw(self.random, n):
            if family.is_harm and strength < LEAST_TRUE:
                continue
            first = self._first(name, family, float(strength))
            if first is not None:
                self._plant(first, family, is_first=True)
                self._siblings(first, family)
        for plant in self.kin.elsewhere:
            if plant.family == name and self.random.random() < family.species.chance:
                self._share(plant, plant.substance, plant.term, family.species, family)

    def _first(self, name: str, family: Family, strength: float) -> Plant | None:
        drawn, random = self.drawn, self.random
        reports = np.bincount(drawn.rank, minlength=drawn.substances.size)
        weight = (reports[:, None] * self.usual[None, :]) ** SPREAD_OVER_PAIRS
        told = self.usual <= (np.quantile(self.usual, 1 / 3) if family.events == "rare" else np.inf)
        weight = np.where(self._allowed(family, reports)[:, None] & told[None, :] & ~self.taken, weight, 0.0).ravel()
        if not weight.any():
            return None
        rank, term = divmod(int(random.choice(weight.size, p=weight / weight.sum())), drawn.n_terms)
        if family.products == "new" and not self.launched[rank]:
            self._launch(rank)
        begin = int(self.launched[rank])
        latest = max(begin + 1, drawn.n_months * 9 // 10)
        onset = begin if family.onset == "launch" else int(random.integers(begin, latest))
        end = onset + family.lasting_months if family.lasting_months else NEVER
        return Plant(name, family.is_harm, int(drawn.substances[rank]), term, onset, end, strength)

    def _allowed(self, family: Family, reports: Array) -> Array:
        if family.products == "new":  # one that has none of its reports planted may still be launched
            used = np.bincount(self.drawn.rank[self.is_planted], minlength=reports.size) > 0
            return (self.launched > 0) | ~used
        if family.products == "established":
            return self.launched == 0
        return reports <= np.quantile(reports, 1 / 3) if family.products == "scarce" else reports > 0

    def _launch(self, rank: int) -> None:
        """Let a substance begin within the window: what was reported before comes after."""
        drawn = self.drawn
        self.launched[rank] = self.random.integers(1, max(2, drawn.n_months * 4 // 5))
        early = np.flatnonzero((drawn.rank == rank) & (drawn.month < self.launched[rank]))
        drawn.month[early] = self.random.integers(self.launched[rank], drawn.n_months, early.size)

    def _plant(self, plant: Plant, family: Family, *, is_first: bool) -> None:
        """Let reports tell the pair: those of the substance by its ratio, and those that the family adds."""
        drawn, random = self.drawn, self.random
        rank = self._rank(plant.substance)
        self.taken[rank, plant.term] = True
        since = drawn.month - plant.onset
        risen = np.clip((since + 1) / (family.rise_months + 1), 0, 1) * ((since >= 0) & (drawn.month < plant.end))
        left = 1.0
        if family.use != "none" and is_first:
            self._use(rank, plant.onset, family.use)
            left = LEFT_BY_A_FALL if family.onset == "fall" else left  # who stops is harmed, not who goes on
        chance = np.minimum(MOST, max(plant.strength - 1, 0.0) * self.usual[plant.term] * risen / left)
        hit = np.flatnonzero((drawn.rank == rank) & (random.random(drawn.n) < chance))
        if family.reports is not None:
            asked = round(float(family.reports.draw(random, 1)[0]))
            within = (drawn.month >= plant.onset) & (drawn.month < plant.end)
            free = np.flatnonzero(within & ~self.is_planted & (drawn.rank != rank))
            more = random.choice(free, min(asked, free.size), replace=False)
            self._give(more, rank)
            hit = np.union1d(hit, more)
        drawn.case = np.concatenate([drawn.case, hit])
        drawn.term = np.concatenate([drawn.term, np.full(hit.size, plant.term)])
        self.is_planted[hit] = True
        batch = self._mark(hit, rank, plant, family)
        self.plants.append(replace(plant, batch=batch))
        if family.masking and is_first:
            self._mask(rank, plant, family)

    def _mark(self, hit: Array, rank: int, plant: Plant, family: Family) -> str:
        """Give the added reports the marks of their family; return the batch that they name."""
        drawn, random = self.drawn, self.random

        def some(share: float) -> Array:
            return hit[random.random(hit.size) < share]

        for name, share in family.evidence.items():
            if name in self.shares:
                self.shares[name][hit] = share
        self.copied[hit] = family.evidence.get("copy", np.nan)
        products = np.flatnonzero(drawn.substance_of == drawn.substances[rank])
        if family.subgroup and drawn.product_species is None:
            self.sex[some(family.subgroup)] = str(random.choice(["male", "female"]))
        elif family.subgroup and drawn.product_species is not None:
            species = random.choice(drawn.product_species[products])
            of_one = products[drawn.product_species[products] == species]
            chosen = some(family.subgroup)
            drawn.product[chosen] = random.choice(of_one, chosen.size)
        if family.region:
            self.country[some(family.region)] = str(random.choice(REGIONS))
        if "partner" in family.evidence:
            others = np.flatnonzero(drawn.substance_of != drawn.substances[rank])
            beside = some(family.evidence["partner"])
            self.partner[beside] = random.choice(others)
            suspected = family.evidence.get("suspect", EVIDENCE["suspect"]) / EVIDENCE["suspect"]
            self.is_second[beside[random.random(beside.size) >= suspected]] = True
        if not family.batch:
            return ""
        of_batch, product = some(family.batch), int(random.choice(products))
        drawn.product[of_batch], self.lot[of_batch] = product, plant.onset
        return f"L{product}-{plant.onset + 1}"

    def _siblings(self, plant: Plant, family: Family) -> None:
        """Let the class of the substance, and the neighbours of the term, share the effect."""
        drawn, kin = self.drawn, self.kin
        same = [int(s) for s in drawn.substances if kin.class_of[s] == kin.class_of[plant.substance]]
        near = np.flatnonzero(kin.group_of[: drawn.n_terms] == kin.group_of[plant.term])
        for substance in self.random.permutation([s for s in same if s != plant.substance])[:3]:
            if self.random.random() < family.class_.chance:
                self._share(plant, int(substance), plant.term, family.class_, family)
        for term in self.random.permutation(near[near != plant.term])[:2]:
            if self.random.random() < family.neighbour.chance:
                self._share(plant, plant.substance, int(term), family.neighbour, family)

    def _share(self, plant: Plant, substance: int, term: int, sharing: Sharing, family: Family) -> None:
        """Plant a sibling's part of an effect; clusters of cases and batches are not shared."""
        strength = plant.strength ** self.random.uniform(sharing.low, sharing.high)
        if family.reports or family.batch or (family.is_harm and strength < LEAST_TRUE):
            return
        if substance not in self.drawn.substances or self.taken[self._rank(substance), term]:
            return
        onset = min(max(plant.onset, int(self.launched[self._rank(substance)])), self.drawn.n_months - 1)
        end = NEVER if plant.end == NEVER else onset + plant.end - plant.onset
        told: dict[str, Any] = {"substance": substance, "term": term, "onset": onset, "end": end, "strength": strength}
        self._plant(replace(plant, **told), family, is_first=False)

    def _use(self, rank: int, month: int, how: str) -> None:
        """Change how often a substance is reported from a month on, as its use does."""
        drawn, random = self.drawn, self.random
        after = (drawn.month >= month) & ~self.is_planted
        own = np.flatnonzero(after & (drawn.rank == rank))
        if how == "fall":
            gone = own[random.random(own.size) >= LEFT_BY_A_FALL]
            self._give(gone, int(random.choice(np.flatnonzero(np.arange(drawn.substances.size) != rank))))
            return
        kin, substance = self.kin, drawn.substances[rank]
        from_ = after & (drawn.rank != rank)
        if how == "switch":
            siblings = np.isin(drawn.rank, np.flatnonzero(kin.class_of[drawn.substances] == kin.class_of[substance]))
            from_ = from_ & siblings if (from_ & siblings).any() else from_
        others = np.flatnonzero(from_)
        more = min(round(own.size * (GAINED_BY_A_SURGE - 1)), others.size // 2)
        self._give(random.choice(others, more, replace=False), rank)

    def _mask(self, rank: int, plant: Plant, family: Family) -> None:
        """Let the most reported other substance fill this share of the event's reports; that is a known reaction."""
        drawn = self.drawn
        n = np.bincount(drawn.rank, minlength=drawn.substances.size)
        masker = int(np.where(self.taken[:, plant.term], -1, n).argmax())
        if masker == rank or self.taken[masker, plant.term]:
            return
        others = int((drawn.term == plant.term).sum())
        reports = np.flatnonzero(drawn.rank == masker)
        chance = min(family.masking / (1 - family.masking) * others / max(reports.size, 1), 0.8)
        hit = reports[self.random.random(reports.size) < chance]
        drawn.case = np.concatenate([drawn.case, hit])
        drawn.term = np.concatenate([drawn.term, np.full(hit.size, plant.term)])
        self.taken[masker, plant.term] = True
        known = replace(plant, substance=int(drawn.substances[masker]), is_harm=False, onset=0, end=NEVER)
        self.plants.append(replace(known, note="known, and masks another"))

    def _give(self, cases: Array, rank: int) -> None:
        drawn = self.drawn
        products = np.flatnonzero(drawn.substance_of == drawn.substances[rank])
        drawn.rank[cases], drawn.product[cases] = rank, self.random.choice(products, cases.size)

    def _rank(self, substance: int) -> int:
        return int(np.flatnonzero(self.drawn.substances == substance)[0])

    def copies(self, usual: float) -> Array:
        """Cases told a second time because of their family."""
        return np.flatnonzero(_drawn(self.random, self.copied, usual, EVIDENCE["copy"]))

    def taken_beside(
        self, rows: Sequence[pl.DataFrame], month: pl.DataFrame
    ) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        """Add the partners to the products of the cases, and set the months that batches bear.

        A product that was not launched when the case came is nobody's second product.
        """
        own, *others = rows
        begins = self.launched[[self._rank(s) for s in self.drawn.substance_of]]
        has = np.flatnonzero(self.partner >= 0)
        is_second = self.is_second[has]
        beside = pl.DataFrame(
            {"case_no": has, "product_no": self.partner[has], "role": np.where(is_second, "PS", "C")},
            schema=own.schema,
        )
        role = pl.when(pl.Series(self.is_second)).then(pl.lit("C")).otherwise("role")
        lots = pl.Series(np.where(self.lot >= 0, self.lot, month["month"].to_numpy()))
        second = pl.concat([*others, beside])
        is_sold = begins[second["product_no"].to_numpy()] <= self.drawn.month[second["case_no"].to_numpy()]
        kept = second.filter(pl.Series(is_sold) | (pl.col("role") == "PS"))
        return [own.with_columns(role=role), kept], month.with_columns(month=lots)

    def dressed(self, cases: pl.DataFrame, before: pl.DataFrame, consumer: str, other: str) -> pl.DataFrame:
        """Set what the marks say. before: the same cases with nothing missing; consumer, other: who reports."""
        random = self.random
        is_whole = ~cases.select(pl.any_horizontal(pl.col(OPTIONAL).is_null())).to_series().to_numpy()
        early = (cases["received_date"] - before["onset_date"]).dt.total_days().to_numpy() <= 7
        base = {
            "informative": is_whole,
            "onset_known": cases["onset_date"].is_not_null().to_numpy(),
            "onset_early": early,
            "serious": cases["outcome"].is_not_null().to_numpy(),
            "consumer": (cases["reporter"] == consumer).fill_null(False).to_numpy(),
        }
        is_said = {name: ~np.isnan(shares) for name, shares in self.shares.items()}
        told = {n: _drawn(random, self.shares[n], float(base[n].mean()), EVIDENCE[n]) for n in TOLD}
        soon = before["received_date"] - pl.duration(days=3)

        def where(name: str, value: bool) -> pl.Series:
            return pl.Series(is_said[name] & (told[name] == value))

        before = before.with_columns(onset_date=pl.when(where("onset_early", True)).then(soon).otherwise("onset_date"))
        whole = [pl.when(where("informative", True)).then(before[c]).otherwise(pl.col(c)).alias(c) for c in OPTIONAL]
        cases = cases.with_columns(whole)
        onset = pl.when(where("onset_known", True)).then(before["onset_date"]).when(where("onset_known", False))
        sex, country = (pl.Series([value or None for value in v], dtype=pl.String) for v in (self.sex, self.country))
        return cases.with_columns(
            onset_date=onset.then(None).otherwise("onset_date"),
            outcome=pl.when(where("serious", False))
            .then(None)
            .when(where("serious", True))
            .then(pl.col("outcome").fill_null("HO"))
            .otherwise("outcome"),
            reporter=pl.when(where("consumer", True))
            .then(pl.lit(consumer))
            .when(where("consumer", False) & (pl.col("reporter") == consumer))
            .then(pl.lit(other))
            .otherwise("reporter"),
            sex=pl.coalesce(sex, "sex"),
            country=pl.coalesce(country, "country"),
        )


def _drawn(random: np.random.Generator, wanted: Array, base: float, usual: float) -> Array:
    """Which of the cases have what was wanted: the file's own share, moved in logit as the family moves the usual."""
    shift = logit(np.where(np.isnan(wanted), usual, wanted)) - logit(usual)
    chance = expit(logit(np.clip(base, 1e-3, 1 - 1e-3)) + shift)
    return (random.random(wanted.size) < chance) & ~np.isnan(wanted)
