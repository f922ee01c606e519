"""References as files: pairs that are true or not, and when that became public.

Columns, whatever their order: `substance`, `event`, `label` (1 true, 0 not, anything like `soft` neither) and, where
known, `date` (YYYY, YYYY-MM or YYYY-MM-DD: the first public one counts), `species` and `product` (a brand, looked for
where the substance is not found). The columns of the dated references (`event_term`, `recognition_date`, `positive`)
and of the OHDSI sets (`exposureName`, `outcomeName`, `groundTruth`) are known too, and the truth that `gerland
simulate` writes. A true pair without a date is one of a leaflet whose date nobody read; a pair that is not true but has
a plain date was discussed then without action: a soft negative. Both are judged neither way. Where no true pair has a
date, lead times are not told, and pairs are judged at the last month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.analyse.files import FileError
from pipelines.analyse.files import read as table
from pipelines.evaluate.outcomes import terms
from pipelines.evaluate.run import EvaluationError
from pipelines.output.near import did_you_mean

COLUMNS = {
    "substance": ("substance", "exposurename", "drug", "ingredient"),
    "event": ("event", "event_term", "outcomename", "reaction", "term"),
    "label": ("label", "positive", "groundtruth", "ground_truth", "is_true"),
    "date": ("date", "dates", "recognition_date", "first_public_date", "public_date", "first_public"),
    "species": ("species",),
    "product": ("product", "brand"),
    "source": ("authority", "source"),
    "opened": ("opened", "start_month", "onset"),
    "listed": ("listed_from", "listed"),
    "family": ("family",),
    "confidence": ("confidence",),
}
NEEDED = ("substance", "event", "label")
TRUE, FALSE = {"1", "1.0", "true", "yes", "positive"}, {"0", "0.0", "false", "no", "negative"}
NEITHER = -1
PLANTED = {"domain", "kind", "start_month", "substance", "event"}
DATE = re.compile(r"((?:19|20)\d\d)(?:-(0?[1-9]|1[0-2])(?:-(0?[1-9]|[12]\d|3[01]))?)?")


@dataclass(frozen=True)
class Pairs:
    """Rows of a reference: substance, event, species, label (1, 0, -1), year and month (null), soft, row of the file.

    has_dates: whether any true pair has one; without, nothing can be said of lead time. wordings: terms of the
    dictionary for a wording of the reference. is_planted: it is the truth of a simulated country.
    """

    rows: pl.DataFrame
    has_dates: bool
    wordings: dict[str, list[str]]
    told: list[str]
    is_planted: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether pairs that it does not name are negatives: of a set without dates they may be what nobody asked."""
        return self.has_dates or self.is_planted


def read(path: Path, mapped: Path | None = None) -> Pairs:
    """Read a reference, and the map of its wordings where one is named or lies beside it.

    Raises:
        EvaluationError: the file can't be read, lacks a column, or says of no pair whether it is true.
    """
    try:
        given = table(path, [])
        beside = mapped or _beside(path)
        wordings = _wordings(beside) if beside else {}
    except FileError as error:
        raise EvaluationError(str(error)) from None
    by_lower = {c.strip().lower(): c for c in reversed(given.columns)}
    is_planted = "label" not in by_lower and set(by_lower) >= PLANTED
    given, by_lower = _planted(given, by_lower) if is_planted else (given, by_lower)
    at = {name: next((by_lower[c] for c in known if c in by_lower), None) for name, known in COLUMNS.items()}
    for name in NEEDED:
        if at[name] is None:
            near = did_you_mean(name, given.columns)
            raise EvaluationError(f"{path.name} has no column {name!r}; it has {', '.join(given.columns)}{near}")
    text = {
        name: given[c].cast(pl.String) if c else pl.Series([None] * given.height, dtype=pl.String)
        for name, c in at.items()
    }
    rows = pl.DataFrame(text).with_row_index("row", 1)
    dates = [_date(d) for d in rows["date"]]
    labels = [_label(value) for value in rows["label"]]
    rows = rows.with_columns(
        pl.Series("label", labels, pl.Int64),
        pl.Series("year", [d[0] if d else None for d in dates], pl.Int64),
        pl.Series("month", [d[1] if d else None for d in dates], pl.Int64),
    )
    told = [f"map of wordings: {beside.name}"] if beside else []
    if n := rows.select((pl.col("substance").is_null() | pl.col("event").is_null()).sum()).item():
        told.append(f"{n:,} rows without a substance or an event were left out")
    if n := sum(value is not None and label is None for value, label in zip(text["label"], labels, strict=True)):
        told.append(f"{n:,} labels are neither 1 nor 0: judged neither way")
    unread = rows.filter(pl.col("date").is_not_null() & pl.col("year").is_null() & (pl.col("label") == 1))
    if unread.height:
        told.append(f"{unread.height:,} dates of true pairs could not be read: taken as not given")
    rows = rows.drop_nulls(["substance", "event"])
    rows = rows.with_columns(
        is_soft=(pl.col("label") == 0) & pl.col("year").is_not_null(), label=pl.col("label").fill_null(NEITHER)
    )
    rows = rows.with_columns(label=pl.when(pl.col("is_soft")).then(NEITHER).otherwise("label"))
    if rows.filter(pl.col("label") >= 0).is_empty():
        raise EvaluationError(f"{path.name}: no row says with 1 or 0 whether its pair is true")
    has_dates = rows.filter((pl.col("label") == 1) & pl.col("year").is_not_null()).height > 0
    return Pairs(rows, has_dates, wordings, told, is_planted)


def _planted(given: pl.DataFrame, by_lower: dict[str, str]) -> tuple[pl.DataFrame, dict[str, str]]:
    """The truth of `gerland simulate` (`truth/signals.csv`) as a reference: artefacts are not true, all else is."""
    is_false = pl.col(by_lower["kind"]) == "artefact"
    said = given.with_columns(
        label=pl.when(is_false).then(pl.lit("0")).otherwise(pl.lit("1")), species=pl.col(by_lower["domain"])
    )
    return said, by_lower | {"label": "label", "species": "species"}


def _label(value: str | None) -> int | None:
    plain = (value or "").strip().lower()
    return 1 if plain in TRUE else 0 if plain in FALSE else None


def _date(value: str | None) -> tuple[int, int] | None:
    """Year and month of a date, of a year its January: what came after may have been stimulated."""
    found = DATE.fullmatch((value or "").strip()[:10])
    return (int(found[1]), int(found[2] or 1)) if found else None


def _beside(path: Path) -> Path | None:
    """A map of wordings that lies beside the reference and bears its name."""
    return next(iter(sorted(path.parent.glob(f"{path.stem}*_map.csv"))), None)


def _wordings(path: Path) -> dict[str, list[str]]:
    """Terms of the dictionary for each wording of the reference: first and second column of the map."""
    given = table(path, [])
    if given.width < 2:
        raise FileError(f"{path.name} needs two columns: a wording of the reference and a term of the dictionary")
    found: dict[str, list[str]] = {}
    for wording, term in given.select(given.columns[:2]).iter_rows():
        if wording and term:
            found.setdefault(folded(str(wording)), []).append(str(term))
    return found


def folded(name: str) -> str:
    """Names of events are compared so: lower case, single blanks, no full stop at the end."""
    return re.sub(r"\s+", " ", name).strip(" .").casefold()


def spelled(event: str, wordings: dict[str, list[str]]) -> list[str]:
    """Terms that an event of a reference may stand for: those of the map, of a known outcome, or itself."""
    return wordings.get(folded(event)) or list(terms(event))
