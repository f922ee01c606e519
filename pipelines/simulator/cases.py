"""Reports: who suffered what after which product, who told it, when, how often, and what of it was planted."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np
import polars as pl

from pipelines.simulator.planted import REGIONS as COUNTRIES
from pipelines.simulator.planted import Kin, Plant, Planting
from pipelines.simulator.reporting import BATCH, CHANNELS, SIGNALS, Reporting, batch_name
from pipelines.simulator.years.families import Families
from pipelines.simulator.years.history import NEVER

BREEDS = {"dog": ["Beagle", "Crossbred canine/dog", "Retriever - Labrador"], "cat": ["Domestic Shorthair", "Siamese"]}
N_SIGNALS, TYPICAL_EVENTS = 12, 5
FOLLOW_UP, DUPLICATE, RETRACTED, SECOND_PRODUCT = 0.08, 0.03, 0.01, 0.3
MASKING_SHARE, WAVE_SHARE = 0.25, 0.05
CLUSTER, DEFECT_SHARE, TOGETHER_SHARE = 4, 0.6, 0.5
SAME_NUMBER, SAME_CHANNEL = 0.5, 0.4


def report(
    n: int,
    months: list[dt.date],
    products: pl.DataFrame,
    n_terms: int,
    random: np.random.Generator,
    domain: str,
    null: bool = False,
    families: Families | None = None,
    kin: Kin | None = None,
) -> Reporting:
    """Simulate `n` reports of a domain over the months (first days), duplicates included.

    `null` plants nothing; `families`, with who is `kin`, are planted in place of what is built in.
    """
    drawn = _Draw(n, months, products, n_terms, random, domain)
    if families is not None and kin is not None:
        drawn.plant_families(families, kin)
    elif not null:
        drawn.plant()
    return drawn.result()


class _Draw:
    """One simulation; each step adds to what the earlier drew."""

    def __init__(
        self,
        n: int,
        months: list[dt.date],
        products: pl.DataFrame,
        n_terms: int,
        random: np.random.Generator,
        domain: str,
    ):
        self.random, self.months, self.n_terms, self.domain = random, months, n_terms, domain
        self.n_months = len(months)
        self.is_human = domain != "veterinary"
        self.n = int(n / (1 + DUPLICATE))
        self.substance_of = np.array([s[0] for s in products["substance_nos"].to_list()])
        self.substances = np.unique(self.substance_of)
        random.shuffle(self.substances)
        self.product_species = None if self.is_human else np.array(products["species"].str.to_lowercase().to_list())
        self.weight = 1 / np.arange(1, len(self.substances) + 1) ** 0.8  # Zipf
        self.popularity = self._popularity()
        self._primary()
        self._events()
        self.together: tuple[np.ndarray, int] | None = None
        self.wave = np.zeros(self.n, dtype=bool)
        self.signals = pl.DataFrame(schema=SIGNALS)
        self.planting: Planting | None = None

    def _popularity(self) -> pl.DataFrame:
        """How much each product is taken: its substance's share, split evenly; what was reported plays no part."""
        rank = np.empty(self.substances.max() + 1, dtype=int)
        rank[self.substances] = np.arange(len(self.substances))
        of_product = rank[self.substance_of]
        share = self.weight[of_product] / np.bincount(of_product)[of_product]
        return pl.DataFrame({"product_no": np.arange(len(share)), "share": share / share.sum()})

    def _primary(self) -> None:
        """Month, substance by popularity (Zipf), then one of its products."""
        random, n = self.random, self.n
        self.rank = random.choice(len(self.substances), n, p=self.weight / self.weight.sum())
        self.month = random.integers(0, len(self.months), n)
        by_substance = [np.flatnonzero(self.substance_of == s) for s in self.substances]
        pick = random.random(n)
        sizes = np.array([len(p) for p in by_substance])
        table = np.zeros((len(sizes), sizes.max()), dtype=int)
        for i, members in enumerate(by_substance):
            table[i, : len(members)] = members
        self.product = table[self.rank, (pick * sizes[self.rank]).astype(int)]

    def _events(self) -> None:
        """One to five events: some typical of the substance (its pharmacology and indication), the rest background."""
        random, n = self.random, self.n
        weight = 1 / np.arange(1, self.n_terms + 1) ** 0.7
        order = random.permutation(self.n_terms)
        self.background = np.zeros(self.n_terms)
        self.background[order] = weight / weight.sum()
        self.typical = random.choice(self.n_terms, (len(self.substances), TYPICAL_EVENTS))
        counts = 1 + random.poisson(1.2, n).clip(max=4)
        case = np.repeat(np.arange(n), counts)
        drawn = random.choice(self.n_terms, len(case), p=self.background)
        is_typical = random.random(len(case)) < 0.25
        own = self.typical[self.rank[case], random.integers(0, TYPICAL_EVENTS, len(case))]
        self.case, self.term = case, np.where(is_typical, own, drawn)

    def plant_families(self, families: Families, kin: Kin) -> None:
        """Plant families, and keep the truth of them."""
        self.planting = Planting(self, families, kin, int(self.random.integers(2**31)))
        last = self.n_months

        def row(p: Plant) -> tuple[int, int, dt.date, float, str, str, str, dt.date | None]:
            end = None if p.end == NEVER or p.end >= last else self.months[p.end]
            kind = ("batch" if p.batch else "real") if p.is_harm else "artefact"
            note = f"batch {p.batch}" if p.batch else p.note
            return (p.substance, p.term, self.months[p.onset], round(p.strength, 2), kind, note, p.family, end)

        self.signals = pl.DataFrame([row(p) for p in self.planting.plants], schema=SIGNALS, orient="row")

    def plant(self) -> None:
        """Add the true excesses from their months on, then the two artefacts: a masking pair and a media wave."""
        random = self.random
        share = np.bincount(self.term, minlength=self.n_terms) / self.n
        usual = np.argsort(-share)[10 : self.n_terms // 2]
        n_signals = min(N_SIGNALS, len(self.substances) - 4)
        ranks = random.choice(np.arange(3, min(40, len(self.substances))), n_signals, replace=False)
        terms = random.choice(usual, n_signals + 5, replace=False)
        starts = random.integers(1, max(2, len(self.months) * 2 // 3), n_signals)
        strengths = np.geomspace(2, 20, n_signals).round(1)
        rows: list[tuple[int, int, dt.date, float, str, str]] = []
        for rank, term, start, strength in zip(ranks, terms, starts, strengths, strict=False):
            chance = min(0.9, (strength - 1) * share[term])
            hit = (self.rank == rank) & (self.month >= start) & (random.random(self.n) < chance)
            self._add(hit, term)
            rows.append((int(self.substances[rank]), int(term), self.months[start], float(strength), "real", ""))
        if self.domain == "human":
            rows.append(self._plant_defect(int(terms[-3])))
            rows.append(self._plant_together(int(terms[-4])))
        if self.domain == "cosmetic":
            rows.append(self._plant_cluster(int(terms[-5])))
        masking = (self.rank == 0) & (random.random(self.n) < MASKING_SHARE)
        self._add(masking, terms[-2])
        rows.append((int(self.substances[0]), int(terms[-2]), self.months[0], 10.0, "real", ""))
        month = len(self.months) // 2
        wave = (self.month == month) & (random.random(self.n) < WAVE_SHARE)
        self.rank[wave] = 1
        self.product[wave] = np.flatnonzero(self.substance_of == self.substances[1])[0]
        self._add(wave, terms[-1])
        self.wave = wave
        rows.append((int(self.substances[1]), int(terms[-1]), self.months[month], 0.0, "artefact", ""))
        told = pl.DataFrame(rows, schema=list(SIGNALS)[:6], orient="row")
        self.signals = pl.concat([self.signals, told.cast({c: SIGNALS[c] for c in told.columns})], how="diagonal")

    def _plant_defect(self, term: int) -> tuple[int, int, dt.date, float, str, str]:
        """One batch of one product does what no other does: batches are those of a month."""
        month = len(self.months) * 2 // 3
        product = int(np.flatnonzero(self.substance_of == self.substances[2])[0])
        of_batch = (self.product == product) & (self.month == month)
        self._add(of_batch & (self.random.random(self.n) < DEFECT_SHARE), term)
        note = f"batch {batch_name(product, month)}"
        return int(self.substances[2]), term, self.months[month], 0.0, "batch", note

    def _plant_together(self, term: int) -> tuple[int, int, dt.date, float, str, str]:
        """Two substances that do together what neither does alone: a medicine and, numbered last, a plant."""
        plant, other = int(self.substances.max()), 1
        product = int(np.flatnonzero(self.substance_of == plant)[0])
        hit = (self.rank == other) & (self.random.random(self.n) < 0.05)
        self.together = hit, product
        self._add(hit & (self.random.random(self.n) < TOGETHER_SHARE), term)
        note = f"with substance {plant}"
        return int(self.substances[other]), term, self.months[0], 0.0, "interaction", note

    def _plant_cluster(self, term: int) -> tuple[int, int, dt.date, float, str, str]:
        """Four people hurt by the same batch of one product in one month."""
        month = len(self.months) - 2
        rank = len(self.substances) - 1
        product = int(np.flatnonzero(self.substance_of == self.substances[rank])[0])
        cases = self.random.choice(np.flatnonzero(self.month == month), CLUSTER, replace=False)
        self.rank[cases], self.product[cases] = rank, product
        self._add(np.isin(np.arange(self.n), cases), term)
        note = f"batch {batch_name(product, month)}"
        return int(self.substances[rank]), term, self.months[month], 0.0, "cluster", note

    def _add(self, hit: np.ndarray, term: int) -> None:
        cases = np.flatnonzero(hit)
        self.case = np.concatenate([self.case, cases])
        self.term = np.concatenate([self.term, np.full(len(cases), term)])

    def result(self) -> Reporting:
        """Dress the draws with people, dates, follow-ups, duplicates and retractions."""
        cases = self._dressed()
        events = pl.DataFrame({"case_no": self.case, "term_no": self.term}).unique(maintain_order=True)
        products = self._products()
        copies = self._duplicates(cases)
        cases = pl.concat([cases, copies])
        events = pl.concat([events, self._copied(events, copies, keep=0.85)])
        products = pl.concat([products, self._copied(products, copies, keep=1.0)])
        return self._versions(self._sent(cases), products, events)

    def _sent(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Give every case the source it reaches and the number its sender uses; a copy may keep the original's number.

        Within one source two reports never share a number.
        """
        random, shares = self.random, CHANNELS[self.domain]
        names = list(shares)
        channel = random.choice(len(names), cases.height, p=list(shares.values()))
        stays = random.random(cases.height) < SAME_CHANNEL
        original = cases["duplicate_of"].fill_null(-1).to_numpy()
        is_copy = original >= 0
        place = {int(no): i for i, no in enumerate(cases["case_no"])}
        at = np.array([place[int(o)] if o >= 0 else 0 for o in original])
        channel = np.where(is_copy & stays, channel[at], channel)
        same = is_copy & (channel != channel[at]) & (random.random(cases.height) < SAME_NUMBER)
        own = np.where(same, original, cases["case_no"].to_numpy())
        letters = self.domain[0].upper()
        country = cases["country"].fill_null("XX").to_list()
        return cases.with_columns(
            channel=pl.Series([names[c] for c in channel]),
            worldwide_no=pl.Series([f"{c}-SIM{letters}-{no:06}" for c, no in zip(country, own, strict=True)]),
        )

    def _dressed(self) -> pl.DataFrame:
        random, n = self.random, self.n
        days = [calendar.monthrange(m.year, m.month)[1] for m in self.months]
        first = np.array(self.months, "datetime64[D]")[self.month]
        received = first + (random.random(n) * np.array(days)[self.month]).astype(int)
        delay = random.exponential(60, n).astype(int)
        reporters = ["physician", "pharmacist", "consumer", "other"] if self.is_human else ["vet", "owner", "other"]
        species = np.full(n, "human", dtype=object) if self.product_species is None else self._species()
        breed = [str(random.choice(BREEDS[s])) if s in BREEDS else None for s in species]
        frame = pl.DataFrame(
            {
                "case_no": np.arange(n),
                "received_date": received,
                "onset_date": received - delay,
                "onset_precision": random.choice(["day", "month", "year"], n, p=[0.7, 0.2, 0.1]),
                "sex": random.choice(["male", "female"], n),
                "age_years": random.integers(1, 90 if self.is_human else 16, n).astype(float),
                "weight_kg": random.normal(70 if self.is_human else 20, 5, n).round(1),
                "country": random.choice(COUNTRIES, n, p=[0.35, 0.2, 0.2, 0.1, 0.1, 0.05]),
                "reporter": np.where(self.wave, reporters[-2], random.choice(reporters, n)),
                "outcome": random.choice(["DE", "LT", "HO", "DS", "OT", ""], n, p=[0.05, 0.05, 0.2, 0.05, 0.25, 0.4]),
                "species": [str(s) for s in species],
                "breed": breed,
                "n_affected": np.where(random.random(n) < 0.97, 1, random.integers(2, 9, n)),
                "n_died": (random.random(n) < 0.08).astype(int),
                "retracted_date": np.where(random.random(n) < RETRACTED, received + 45, np.datetime64("NaT")),
                "duplicate_of": np.full(n, None, dtype=object),
            },
            schema_overrides={"duplicate_of": pl.Int64, "breed": pl.String},
        )
        frame = frame.with_columns(pl.col("outcome").replace("", None), n_affected=pl.col("n_affected").cast(pl.Int64))
        whole = frame
        missing = {"onset_date": 0.3, "age_years": 0.3, "weight_kg": 0.5, "sex": 0.1, "country": 0.03, "reporter": 0.05}
        frame = frame.with_columns(
            pl.when(pl.Series(random.random(n) >= share)).then(pl.col(c)).alias(c) for c, share in missing.items()
        )
        return self.planting.dressed(frame, whole, reporters[-2], reporters[-1]) if self.planting else frame

    def _species(self) -> np.ndarray:
        assert self.product_species is not None
        exposed = self.random.random(self.n) < 0.01
        return np.where(exposed, "human", self.product_species[self.product])

    def _products(self) -> pl.DataFrame:
        random, n = self.random, self.n
        more = np.flatnonzero(random.random(n) < SECOND_PRODUCT)
        second = random.integers(0, len(self.substance_of), len(more))
        role = random.choice(["SS", "C"], len(more), p=[0.3, 0.7])
        rows = [pl.DataFrame({"case_no": np.arange(n), "product_no": self.product, "role": np.full(n, "PS")})]
        rows.append(pl.DataFrame({"case_no": more, "product_no": second, "role": role}))
        if self.together:
            hit, product = self.together
            cases = np.flatnonzero(hit)
            rows.append(
                pl.DataFrame(
                    {"case_no": cases, "product_no": np.full(len(cases), product), "role": np.full(len(cases), "C")}
                )
            )
        month = pl.DataFrame({"case_no": np.arange(n), "month": self.month})
        if self.planting:
            rows, month = self.planting.taken_beside(rows, month)
        made = pl.concat(rows).unique(["case_no", "product_no"], keep="first", maintain_order=True)
        named = made.join(month, on="case_no", how="left", maintain_order="left")
        return named.with_columns(batch=pl.format(BATCH, "product_no", pl.col("month") + 1)).drop("month")

    def _duplicates(self, cases: pl.DataFrame) -> pl.DataFrame:
        """The same events told again by another sender, a few days later."""
        picked = self.random.choice(self.n, int(self.n * DUPLICATE), replace=False)
        if self.planting:
            picked = np.union1d(picked, self.planting.copies(DUPLICATE))
        n = picked.size
        chosen = cases[np.sort(picked)]
        later = pl.Series(self.random.integers(1, 30, n))
        return chosen.with_columns(
            duplicate_of=pl.col("case_no").cast(pl.Int64),
            case_no=pl.int_range(self.n, self.n + n, dtype=pl.Int64),
            received_date=pl.col("received_date") + pl.duration(days=pl.lit(later)),
            retracted_date=pl.lit(None, dtype=cases.schema["retracted_date"]),
        )

    def _copied(self, children: pl.DataFrame, copies: pl.DataFrame, keep: float) -> pl.DataFrame:
        ids = copies.select(original="duplicate_of", case_no_new="case_no")
        copied = children.join(ids, left_on="case_no", right_on="original", how="inner", maintain_order="left")
        copied = copied.with_columns(case_no="case_no_new").drop("case_no_new")
        kept = copied.filter(pl.Series(self.random.random(copied.height) < keep))
        lost = copied.join(kept, on="case_no", how="anti").unique("case_no", keep="first", maintain_order=True)
        return pl.concat([kept, lost]).select(children.columns)

    def _versions(self, cases: pl.DataFrame, products: pl.DataFrame, events: pl.DataFrame) -> Reporting:
        """Follow-ups: a second version, received later, with an event more and the age told."""
        random = self.random
        cases = cases.with_columns(version=pl.lit(1), first_received_date=pl.col("received_date"))
        chosen = cases.filter(pl.Series(random.random(cases.height) < FOLLOW_UP))
        later = pl.Series(random.integers(10, 90, chosen.height))
        limit = pl.lit(self.months[-1]) + pl.duration(days=27)
        second = chosen.with_columns(
            version=pl.lit(2),
            received_date=pl.min_horizontal(pl.col("received_date") + pl.duration(days=pl.lit(later)), limit),
            age_years=pl.col("age_years").fill_null(7.0),
        ).filter(pl.col("received_date") > pl.col("first_received_date"))
        ids = second.select("case_no")
        events = events.with_columns(version=pl.lit(1))
        more = pl.DataFrame({"case_no": ids["case_no"], "term_no": random.integers(0, self.n_terms, ids.height)})
        told = pl.concat([events.join(ids, on="case_no", how="semi").select("case_no", "term_no"), more])
        events = pl.concat([events, told.unique(maintain_order=True).with_columns(version=pl.lit(2))])
        products = products.with_columns(version=pl.lit(1))
        again = products.join(ids, on="case_no", how="semi").with_columns(version=pl.lit(2))
        products = pl.concat([products, again])
        key = ["case_no", "version"]
        return Reporting(
            self.domain,
            pl.concat([cases, second]).sort(key),
            _numbered(products.sort([*key, "role"], descending=[False, False, True], maintain_order=True)),
            _numbered(events.sort(key, maintain_order=True)),
            self.signals,
            self.popularity,
            tuple(self.planting.plants) if self.planting else (),
        )


def _numbered(children: pl.DataFrame) -> pl.DataFrame:
    return children.with_columns(seq=pl.int_range(1, pl.len() + 1).over("case_no", "version"))
