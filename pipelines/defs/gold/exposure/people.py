"""Persons counted once in every cell: lines meet their insured, persons meet their lines, cells meet their persons.

Each step is a task on frames that others handed over; only what is counted leaves the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from pipelines.defs.gold.exposure.grains import ALL, CELL, GRAINS
from pipelines.frames.ages import ADOLESCENT, ADULT, CHILD, ELDERLY
from pipelines.lake import file_tasks, shuffle
from pipelines.lake.hashed import hashed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.lake.lake import Lake

LINES, INSURED = "silver.dispensing", "silver.insured"
COLUMNS = {
    LINES: (*("source", "insured", "kind", "pack_key", "dispensed_date", "n_units", "sex", "birth_year", "region"),),
    INSURED: ("source", "insured", "person", "sex", "birth_year"),
}
ROWS_PER_PLACE = 1_000_000
PARTS = 100_000  # milligrams are added as whole parts of ten nanograms: the order of sums must not show in them
AMOUNTS = ("n_treated", "n_packs", "n_hospital_units", "mg", "packs_known")
COUNTED_SQL = (
    "source string, substance_key string, month date, n_months int, region string, sex string, age_group string, "
    "n_treated double, n_packs double, n_hospital_units double, mg double, packs_known double"
)
SEXES = ("unknown", "male", "female")
AGES = ("unknown", "infant", "child", "adolescent", "adult", "elderly")
BOUNDS = (0, CHILD, ADOLESCENT, ADULT, ELDERLY)  # years at which each group after the first begins
UNKNOWN, NO_REGION = "unknown", -1
KINDS = {"town": 1, "hospital": 2}
SPREAD = 2_654_435_761  # Knuth's multiplier: neighbours go to different places


@dataclass(frozen=True)
class Codes:
    """Integers that stand for sources and substances while rows are moved: positions in these lists."""

    sources: list[str]
    substances: list[str]


def counted(lake: Lake, packs: pl.DataFrame) -> DataFrame:
    """Persons and quantities by substance, month and year, in every cell and in all its totals (`COUNTED_SQL`).

    `packs` holds pack_key, substance_key and mg_per_pack.
    """
    files = {address: lake.files(address) for address in COLUMNS}
    sources = sorted({part["source"] for listed in files.values() for _, part in listed})
    codes = Codes(sources, packs["substance_key"].unique().sort().to_list())
    parts = (pl.col("mg_per_pack") * PARTS).round().cast(pl.Int64)
    coded = packs.select("pack_key", mg_per_pack=parts, substance=_code("substance_key", codes.substances))
    todo = [(a, piece) for a, listed in files.items() for piece in file_tasks.cut(listed, ROWS_PER_PLACE)]
    n = max(1, lake.n_rows(LINES) // ROWS_PER_PLACE)
    tasks = file_tasks.bundled(todo, ROWS_PER_PLACE, lambda item: item[1].n_rows)
    read = file_tasks.each(lake.spark, tasks, partial(_read, packs=coded, codes=codes, n=n), shuffle.FRAMES_SQL)
    named = shuffle.shuffled(read, n, partial(_named, n=n), shuffle.FRAMES_SQL)
    cells = shuffle.shuffled(named, n, partial(_cells, n=n), shuffle.FRAMES_SQL)
    return shuffle.shuffled(cells, n, partial(_totals, codes=codes), COUNTED_SQL)


def _code(column: str, listed: Sequence[str]) -> pl.Expr:
    known = {text: i for i, text in enumerate(listed)}
    return pl.col(column).replace_strict(known, default=None, return_dtype=pl.Int32)


def _read(
    task: list[tuple[str, file_tasks.Piece]], *, packs: pl.DataFrame, codes: Codes, n: int
) -> Iterator[pa.RecordBatch]:
    """Lines with their substance, and the insured, as integers, to where the same pseudonym goes."""
    for address, piece in task:
        rows = pl.DataFrame(file_tasks.read(piece, COLUMNS[address]))
        if address == LINES:
            rows = rows.join(packs, on="pack_key", how="inner")
        key, key_2 = hashed(rows["insured"])
        same: list[pl.Expr | pl.Series] = [
            _code("source", codes.sources).alias("source"),
            key,
            key_2,
            _sex(),
            pl.col("birth_year").cast(pl.Int16),
        ]
        if address == LINES:
            date = pl.col("dispensed_date")
            told = rows.select(
                *same,
                "substance",
                "mg_per_pack",
                month=date.dt.year() * 12 + date.dt.month().cast(pl.Int32) - 1,
                net=pl.col("n_units"),
                kind=pl.col("kind").replace_strict(KINDS, default=0, return_dtype=pl.Int8),
                region=pl.col("region").cast(pl.Int16, strict=False).fill_null(NO_REGION),
            )
        else:
            person, person_2 = hashed(rows["person"])
            told = rows.select(*same, person.alias("person"), person_2.alias("person_2"))
        yield from shuffle.frame_blocks(told, _place(told["key"], n), address)


def _sex() -> pl.Expr:
    known = {name: i for i, name in enumerate(SEXES)}
    return pl.col("sex").replace_strict(known, default=0, return_dtype=pl.Int8)


def _place(key: pl.Series, n: int) -> pl.Series:
    return (key % n).cast(pl.Int32)


def _named(batches: Iterator[pa.RecordBatch], *, n: int) -> Iterator[pa.RecordBatch]:
    """Lines with the person behind the pseudonym, to where that person goes; as the line says where none is known."""
    for mine in shuffle.opened_frames(batches).values():
        if LINES not in mine:
            continue
        lines = pl.concat(mine[LINES])
        none = lines.clear().select(
            "source", "key", "key_2", "sex", "birth_year", person="key", person_2=pl.col("key_2")
        )
        people = pl.concat([none, *mine.get(INSURED, [])])
        both = lines.join(people, on=["source", "key", "key_2"], how="left", suffix="_own")
        packs = pl.when(pl.col("kind") == KINDS["town"]).then("net")
        rows = both.select(
            *("source", "substance", "month", "region", "net"),
            person=pl.coalesce("person", "key"),
            person_2=pl.coalesce("person_2", "key_2"),
            sex=pl.when(pl.col("person").is_not_null()).then("sex_own").otherwise("sex"),
            birth_year=pl.coalesce("birth_year_own", "birth_year"),
            n_packs=packs,
            n_hospital_units=pl.when(pl.col("kind") == KINDS["hospital"]).then("net"),
            mg=packs * pl.col("mg_per_pack"),
            packs_known=pl.when(pl.col("mg_per_pack").is_not_null()).then(packs),
        )
        yield from shuffle.frame_blocks(rows, _place(rows["person"], n), LINES)


def _cells(batches: Iterator[pa.RecordBatch], *, n: int) -> Iterator[pa.RecordBatch]:
    """Persons of each cell by month and by year, to where the same substance and period goes."""
    for mine in shuffle.opened_frames(batches).values():
        months = _by_person(pl.concat(mine[LINES]))
        years = _by_person(months.with_columns(month=pl.col("month") // 12 * 12 + 11))
        for people, n_months in ((months, 1), (years, 12)):
            cells = _counted(people).with_columns(n_months=pl.lit(n_months, pl.Int32))
            spread = (pl.col("substance").cast(pl.Int64) * SPREAD + pl.col("month") * 12 + pl.col("n_months")) % n
            yield from shuffle.frame_blocks(cells, cells.select(spread.cast(pl.Int32))["substance"], LINES)


def _by_person(rows: pl.DataFrame) -> pl.DataFrame:
    """What each person got of a substance in a period, and what was last known of them."""
    amounts = ("net", "n_packs", "n_hospital_units", "mg", "packs_known")
    own = pl.col("n_mg").sum() if "n_mg" in rows.columns else pl.col("mg").count().alias("n_mg")
    return rows.group_by("source", "person", "person_2", "substance", "month").agg(
        *[pl.col(c).max() for c in ("region", "sex", "birth_year")], *[pl.col(c).sum() for c in amounts], own
    )


def _counted(people: pl.DataFrame) -> pl.DataFrame:
    """Cells of persons: each person is in one cell of a period."""
    age = pl.col("month") // 12 - pl.col("birth_year").cast(pl.Int32)
    group = pl.sum_horizontal([(age >= bound).cast(pl.Int8) for bound in BOUNDS]).fill_null(0)
    cells = people.with_columns(age_group=pl.when(age.is_null()).then(0).otherwise(group).cast(pl.Int8))
    return cells.group_by("source", "substance", "month", *CELL).agg(
        n_treated=(pl.col("net") > 0).sum().cast(pl.Float64),
        **{c: pl.col(c).sum().cast(pl.Float64) for c in AMOUNTS[1:] if c != "mg"},
        mg=pl.col("mg").sum(),
        n_mg=pl.col("n_mg").sum(),
    )


def _totals(batches: Iterator[pa.RecordBatch], *, codes: Codes) -> Iterator[pa.RecordBatch]:
    """Every grain of the cells that have met, in words: all of a substance and period are here."""
    for mine in shuffle.opened_frames(batches).values():
        cells = pl.concat(mine[LINES])
        for grain in GRAINS:
            yield from file_tasks.batches(_total(cells, grain, codes))


def _total(cells: pl.DataFrame, grain: Sequence[str], codes: Codes) -> pl.DataFrame:
    key = ("source", "substance", "month", "n_months")
    sums = cells.group_by(*key, *grain).agg([pl.col(c).sum() for c in (*AMOUNTS, "n_mg")])
    sums = sums.with_columns(mg=pl.Series(sums["mg"].to_numpy() / PARTS))  # polars divides by a rounded reciprocal
    region = pl.col("region").cast(pl.String).str.zfill(2)
    words = {
        "region": pl.when(pl.col("region") == NO_REGION).then(pl.lit(UNKNOWN)).otherwise(region),
        "sex": _word("sex", SEXES),
        "age_group": _word("age_group", AGES),
    }
    first = pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1)
    known = pl.when(pl.col("n_mg") > 0)
    return sums.select(
        _word("source", codes.sources).alias("source"),
        _word("substance", codes.substances).alias("substance_key"),
        first.dt.month_end().alias("month"),
        "n_months",
        *[(words[c] if c in grain else pl.lit(ALL)).alias(c) for c in CELL],
        *AMOUNTS[:3],
        *[known.then(c).alias(c) for c in AMOUNTS[3:]],
    )


def _word(column: str, listed: Sequence[str]) -> pl.Expr:
    return pl.lit(pl.Series(list(listed), dtype=pl.String)).gather(pl.col(column))
