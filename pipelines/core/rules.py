"""Rules without exception, compiled from a table's class to Arrow: asked before rows are published.

Whoever writes asks them: the tasks that read files, row by row, so that what breaks one is quarantined; tasks that
write a table's files, and the lake for all it commits, where one broken row refuses the whole. Great Expectations asks
the same declarations again of what stands, by other means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.table import Column, Table

GIVEN, CODES, RANGE, PATTERN = "{}_is_given", "{}_is_a_known_code", "{}_is_in_range", "{}_matches_pattern"
KEY = "key_is_unique"
LARGEST_PACKED = 1 << 62
_TOLD = re.compile(r"(\w+) \(([\d,]+) rows?\)")


class LakeError(Exception):
    """A write was refused or a table is not there; the message says which and why."""


class RulesBroken(LakeError):
    """Rows break critical rules of their table and were not published; told in counts, never in values."""

    def __init__(self, told: str | Mapping[str, int], address: str = ""):
        """Say which rules are broken, each by how many rows; or the words of another, raised in a task."""
        super().__init__(told if isinstance(told, str) else _said(told, address))

    @property
    def broken(self) -> dict[str, int]:
        """Names of the rules and the rows that break them."""
        return {name: int(n.replace(",", "")) for name, n in _TOLD.findall(str(self))}


def _said(broken: Mapping[str, int], address: str) -> str:
    told = {name: f"{name} ({n:,} row{'s' if n > 1 else ''})" for name, n in broken.items()}
    key = told.pop(KEY, None)
    parts = ([f"a row breaks {', '.join(told.values())}"] if told else []) + (
        [f"two rows share the key: {key}"] if key else []
    )
    return f"{address}: {'; '.join(parts)}; nothing was written"


def columns(table: type[Table]) -> list[str]:
    """Columns that the rules look at."""
    ruled = {name for name, c in table.columns.items() if c.required or any(True for _ in _of_values(name, c))}
    return [name for name in table.columns if name in ruled | set(table.key)]


def ask(rows: pa.Table, table: type[Table]) -> dict[str, int]:
    """Rules that rows break, each with how many do; columns that the rows lack are another's to tell."""
    return broken_values(rows, table) | (broken_key(rows, table) if set(table.key) <= set(rows.column_names) else {})


def broken_values(rows: pa.Table, table: type[Table]) -> dict[str, int]:
    """Rules of single values that rows break, each with how many do."""
    found = {name: int(pc.sum(mask).as_py() or 0) for name, mask in _masks(rows, table)}
    return {name: n for name, n in found.items() if n}


def broken_key(rows: pa.Table, table: type[Table]) -> dict[str, int]:
    """How many rows have the key of another, by the name of that rule; nothing where none has."""
    repeated = rows.num_rows - n_keys(rows, table)
    return {KEY: repeated} if repeated else {}


def refuse(rows: pa.Table, table: type[Table]) -> None:
    """Raise `RulesBroken` where rows break a rule of their table."""
    if broken := ask(rows, table):
        raise RulesBroken(broken, table.address())


def reasons(rows: pa.Table, table: type[Table]) -> pa.Array:
    """Why each row can't stand in the table, by the first rule that it breaks; null where it can."""
    found = pa.nulls(rows.num_rows, pa.string())
    for name, mask in _masks(rows, table):
        found = pc.if_else(pc.and_(mask, pc.is_null(found)), pa.scalar(f"it breaks the rule {name}"), found)
    return found


def judged(rows: pa.Table, table: type[Table]) -> pa.Table:
    """Rows as a reader gives them, with a `reason` where there is none yet and a row can't stand in the table.

    Of rows with one number, the first stands.
    """
    told = pc.coalesce(rows["reason"], reasons(rows, table))
    n_numbers = len(pc.unique(rows["line_number"]))
    if n_numbers < rows.num_rows:
        firsts = rows.select(["line_number"]).append_column("at", pa.array(range(rows.num_rows)))
        firsts = firsts.group_by("line_number").aggregate([("at", "min")])["at_min"]
        is_first = pc.is_in(pa.array(range(rows.num_rows)), value_set=firsts.combine_chunks())
        told = pc.coalesce(told, pc.if_else(is_first, None, f"it breaks the rule {KEY}"))
    return rows.set_column(rows.schema.get_field_index("reason"), "reason", told)


def n_keys(rows: pa.Table, table: type[Table]) -> int:
    """Count different keys."""
    if not rows.num_rows:
        return 0
    packed, size = np.zeros(rows.num_rows, np.int64), 1
    for name in table.key:
        codes, n_codes = _coded(rows[name])
        if size * n_codes > LARGEST_PACKED:
            distinct, packed = np.unique(packed, return_inverse=True)
            size = distinct.size
        packed, size = packed * n_codes + codes, size * n_codes
    packed.sort()
    return 1 + int(np.count_nonzero(np.diff(packed)))


def _coded(values: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """Put a whole number from 0 for each different value, a null among them; and how many there can be."""
    if not pa.types.is_dictionary(values.type) or not all(_names_once(words) for words in _dictionaries(values)):
        plain = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
        values = values.cast(plain).dictionary_encode()
    if len(words := _dictionaries(values)) > 1:
        values = values.unify_dictionaries()
        words = _dictionaries(values)
    null = len(words[0])
    indices = pa.chunked_array([chunk.indices for chunk in values.chunks])
    return indices.fill_null(null).to_numpy(), null + 1


def _dictionaries(values: pa.ChunkedArray) -> list[pa.Array]:
    """Dictionaries of the chunks, each only once where those that follow are the same."""
    found: list[pa.Array] = []
    for chunk in values.chunks:
        if not found or not chunk.dictionary.equals(found[-1]):
            found.append(chunk.dictionary)
    return found


def _names_once(dictionary: pa.Array) -> bool:
    return dictionary.null_count == 0 and len(dictionary.unique()) == len(dictionary)


def _masks(rows: pa.Table, table: type[Table]) -> Iterator[tuple[str, pa.Array]]:
    """Each rule of single values with a mask of the rows that break it; none of a rule that no value can break."""
    for name, column in table.columns.items():
        if name not in rows.column_names:
            continue
        values = rows[name].chunk(0) if rows[name].num_chunks == 1 else rows[name].combine_chunks()
        if isinstance(values, pa.ChunkedArray):  # of no chunk at all
            values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.nulls(0, values.type)
        is_coded = pa.types.is_dictionary(values.type)
        if column.required and (values.null_count or (is_coded and values.dictionary.null_count)):
            yield GIVEN.format(name), _of_each(values, pc.is_null)
        for rule, breaks in _of_values(name, column):
            yield rule, pc.fill_null(_of_each(values, breaks), False)


def _of_each(values: pa.Array, told: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """What is told of each value; of a dictionary's once, and then wherever it stands."""
    if not pa.types.is_dictionary(values.type):
        return told(values)
    words = pa.concat_arrays([values.dictionary, pa.nulls(1, values.type.value_type)])
    return told(words).take(values.indices.fill_null(len(words) - 1))


def _of_values(name: str, column: Column) -> Iterator[tuple[str, Callable[[pa.Array], pa.Array]]]:
    """Rules of values that are given, without tolerance: name, and what tells which values break it."""
    if column.mostly < 1.0:
        return
    if column.codes and column.type == "string":
        known = pa.array(list(column.codes), pa.string())
        yield CODES.format(name), lambda v: pc.and_(pc.is_valid(v), pc.invert(pc.is_in(v, value_set=known)))
    low, high = column.minimum, column.maximum
    if low is not None or high is not None:
        yield RANGE.format(name), lambda v: _beyond(v, low, high)
    if column.pattern:
        pattern = column.pattern
        yield PATTERN.format(name), lambda v: pc.invert(pc.match_substring_regex(v, pattern))


def _beyond(values: pa.Array, low: float | None, high: float | None) -> pa.Array:
    if _lie_within(values, low, high):
        return pa.nulls(len(values), pa.bool_())
    under = pc.less(values, low) if low is not None else None
    over = pc.greater(values, high) if high is not None else None
    if under is None or over is None:
        return over if under is None else under
    return pc.or_kleene(under, over)


def _lie_within(values: pa.Array, low: float | None, high: float | None) -> bool:
    """Tell by the least and the greatest value alone, which is much the faster where all is well."""
    if values.null_count or not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        bounds = pc.min_max(values)
        least, greatest = bounds["min"].as_py(), bounds["max"].as_py()
    else:
        plain = values.to_numpy()
        least, greatest = (plain.min(), plain.max()) if plain.size else (None, None)
    if least is None:
        return True
    return bool((low is None or least >= low) and (high is None or greatest <= high))
