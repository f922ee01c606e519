"""A table is a class: documented, typed, keyed. Everything else about it is compiled from that class.

Belongs here: the declaration (`Table`, `Column`) and the two schemas that need no engine (Arrow, Spark DDL text).
Does not: engines. The lake, Dagster, Great Expectations and the dictionary read these declarations.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from pipelines.core.axis import Axis, flows, versions

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql.types import StructType

TYPES = ("string", "int", "bigint", "double", "boolean", "date", "timestamp", "array<string>", "array<int>")
SENSITIVITIES = ("public", "internal", "personal", "identifying")


@dataclass(frozen=True)
class Link:
    """What a column says of two things: that of its row, and one of another kind whose key it holds.

    `kind` words it from the row's thing, as in "made at". `to` is the kind at its other end: columns of the row named
    as that kind's key are the key together, else the column alone is. `basis` is what it rests on: `declared` by the
    source, `same_key`, found `by_name`, or `computed`. `confidence` names the column that says how sure it is, `amount`
    the one that says how much, `worded` the one whose text stands in place of `kind`. `where` is the condition, as SQL,
    under which the row says it. A list says it of each of its entries.
    """

    kind: str
    to: str
    basis: str = "declared"
    confidence: str = ""
    amount: str = ""
    worded: str = ""
    where: str = "true"


@dataclass(frozen=True)
class Thing:
    """What each row of a table is about: a kind, its key among the columns, and the column that names it for people.

    `is_register` says that a thing exists because it stands here; else rows only tell of things of other tables.
    `where` is the condition, as SQL, under which a row counts; `known` names the column that says since when it is so.
    """

    kind: str
    key: tuple[str, ...]
    name: str = ""
    is_register: bool = True
    where: str = "true"
    known: str = ""


@dataclass(frozen=True)
class Column:
    """One column: its SQL type, what it means to an epidemiologist, and what may stand in it.

    `codes` is the closed list of values; `minimum` and `maximum` are inclusive; `mostly` is the share of rows that
    must satisfy the value rules (1.0 blocks, less warns). `sensitivity`, one of `SENSITIVITIES`, is a label for people.
    `is_free_text` says that people write what they like in it, though it be public and part of a key.
    `pseudonymised` says that values are replaced on entry, whatever the label; `absent` lists texts, in lower case,
    that say in this column that there is no identifier, beside those that say so everywhere. `references` is the
    address of the table whose key each value is (each entry of a list): rules across tables follow from it. `link` says
    what the value links the row's `thing` to: `gold.link` is built from it. `is_of_run` says that the value tells of
    the run that wrote the row, and differs from run to run.
    """

    type: str
    meaning: str
    unit: str | None = None
    required: bool = False
    codes: Mapping[str, str] | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    mostly: float = 1.0
    sensitivity: str = "public"
    is_free_text: bool = False
    pseudonymised: bool = False
    absent: tuple[str, ...] = ()
    references: str | None = None
    link: Link | None = None
    is_of_run: bool = False

    def __post_init__(self) -> None:
        """Refuse a declaration that no engine could compile."""
        if self.type not in TYPES:
            raise ValueError(f"column type {self.type!r} is none of {', '.join(TYPES)}")
        if self.sensitivity not in SENSITIVITIES:
            raise ValueError(f"sensitivity {self.sensitivity!r} is none of {', '.join(SENSITIVITIES)}")
        if self.pseudonymised and self.type != "string":
            raise ValueError(f"a column of type {self.type!r} can't hold pseudonyms")


class Table:
    """Base of all tables. A subclass states `layer`, `name`, `owner`, `key`, and its columns as class attributes.

    The docstring of the subclass is the table's page in the dictionary: what one row is, coverage, lag and traps.
    """

    layer: ClassVar[str] = ""
    name: ClassVar[str] = ""
    owner: ClassVar[str] = "data-engineering"
    key: ClassVar[tuple[str, ...]] = ()
    partitioned_by: ClassVar[tuple[str, ...]] = ()
    has_change_feed: ClassVar[bool] = False
    has_unique_key: ClassVar[bool] = True
    told_by_file: ClassVar[tuple[str, ...]] = ()  # columns whose least and greatest value each file says of itself
    example: ClassVar[str] = ""  # a query to begin with, its first line a comment; else one compiled from the class
    thing: ClassVar[Thing | None] = None  # what a row is about, where things are linked
    axis: ClassVar[Axis]  # how it shows what was known on a date
    columns: ClassVar[dict[str, Column]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Collect the columns in the order they are written, inherited ones first."""
        super().__init_subclass__(**kwargs)
        columns = dict(cls.columns)
        columns |= {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        if taken := [name for name in columns if hasattr(Table, name)]:
            raise ValueError(f"{cls.__name__}: a table says something of itself under that name: {', '.join(taken)}")
        cls.columns = columns
        unknown = [k for k in (*cls.key, *cls.partitioned_by) if k not in columns]
        if cls.name and unknown:
            raise ValueError(f"{cls.__name__}: key or partition columns not declared: {', '.join(unknown)}")
        if cls.name:
            cls._check_axis()
            cls._check_links()

    @classmethod
    def _check_axis(cls) -> None:
        """Refuse a table that does not say how it looks on a past date."""
        axis = getattr(cls, "axis", None)
        if axis is None:
            raise ValueError(
                f"{cls.__name__} declares no axis of time: say `axis = …` with one of pipelines/core/axis.py "
                "(versions, flows, part_of, DERIVED, timeless), so that every reader shows it as known on a date"
            )
        if unknown := [c for c in axis.columns if c not in cls.columns]:
            raise ValueError(f"{cls.__name__}: columns of its axis not declared: {', '.join(unknown)}")

    @classmethod
    def _check_links(cls) -> None:
        """Refuse links of rows that are about nothing, and columns of a thing that the table lacks."""
        linked = {name: column.link for name, column in cls.columns.items() if column.link}
        if linked and cls.thing is None:
            raise ValueError(f"{cls.__name__}: {next(iter(linked))} links what? say `thing = Thing(…)`")
        named = [*cls.thing.key, cls.thing.name, cls.thing.known] if cls.thing else []
        named += [c for link in linked.values() for c in (link.confidence, link.amount, link.worded)]
        if unknown := [c for c in named if c and c not in cls.columns]:
            raise ValueError(f"{cls.__name__}: columns of its things or links not declared: {', '.join(unknown)}")

    @classmethod
    def is_derived(cls) -> bool:
        """Tell whether the table is computed anew for a past date, rather than cut at it."""
        return cls.axis.kind == "derived"

    @classmethod
    def in_log(cls) -> list[str]:
        """Columns whose least and greatest value stand in the log: those that rows are found by, and no free text.

        Keys, the axis, dates and whole numbers, of what anybody may see. What a partition holds is in its path.
        """
        found_by = {*cls.key, *cls.axis.columns, *cls.told_by_file}
        return [
            name
            for name, c in cls.columns.items()
            if c.sensitivity == "public" and not c.is_free_text and name not in cls.partitioned_by
            if c.type in ("date", "int", "bigint") or (c.type == "string" and name in found_by)
        ]

    @classmethod
    def address(cls) -> str:
        """`layer.name`, the one way a table is spelled everywhere."""
        return f"{cls.layer}.{cls.name}"

    @classmethod
    def description(cls) -> str:
        """Return the class docstring, unindented."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def summary(cls) -> str:
        """First sentence of the description."""
        return re.split(r"(?<=\.)\s", cls.description(), maxsplit=1)[0]

    @classmethod
    def spark_schema(cls) -> StructType:
        """Spark schema, with meanings as column comments."""
        from pyspark.sql.types import StructField, StructType

        return StructType(
            [StructField(name, _spark_types()[c.type], True, {"comment": c.meaning}) for name, c in cls.columns.items()]
        )

    @classmethod
    def task_sql(cls, *without: str) -> str:
        """Columns as the engine is told them of what a task returns, all but some that the step adds."""
        return ", ".join(f"{name} {column.type}" for name, column in cls.columns.items() if name not in without)

    @classmethod
    def task_schema(cls, *without: str) -> pa.Schema:
        """The same for Arrow; what is required is asked where the step writes."""
        import pyarrow as pa

        return pa.schema([field.with_nullable(True) for field in cls.arrow_schema() if field.name not in without])

    @classmethod
    def arrow_schema(cls) -> pa.Schema:
        """Arrow schema, for readers and tests that need no JVM."""
        import pyarrow as pa

        types = {
            "string": pa.string(),
            "int": pa.int32(),
            "bigint": pa.int64(),
            "double": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", tz="UTC"),
            "array<string>": pa.list_(pa.string()),
            "array<int>": pa.list_(pa.int32()),
        }
        return pa.schema([pa.field(name, types[c.type]) for name, c in cls.columns.items()])


class Versioned(Table):
    """Base of tables whose rows say from when to when they were what could be known."""

    axis = versions("valid_from", "valid_to", "is_current")

    source = Column("string", "Source system or register it came from", required=True)
    valid_from = Column("date", "First extraction or delivery that showed this content", required=True)
    valid_to = Column("date", "The one that showed other content or none; null while it stands")
    is_current = Column("boolean", "This is the last content known and it still stands", required=True)


class Released(Table):
    """Base of the dictionaries and of what is coded by them: rows say between which releases they were so.

    The first release of a dictionary serves the months before it too (`core.history.BEGINNING`).
    """

    axis = versions("known_from", "known_to", "is_current")

    known_from = Column("date", "Release that first said so; 1900-01-01 for the first of its dictionary", required=True)
    known_to = Column("date", "Release that said otherwise; null while it stands")
    is_current = Column("boolean", "This is so by the last releases", required=True)


@cache
def _spark_types() -> dict[str, Any]:
    from pyspark.sql import types as t

    return {
        "string": t.StringType(),
        "int": t.IntegerType(),
        "bigint": t.LongType(),
        "double": t.DoubleType(),
        "boolean": t.BooleanType(),
        "date": t.DateType(),
        "timestamp": t.TimestampType(),
        "array<string>": t.ArrayType(t.StringType()),
        "array<int>": t.ArrayType(t.IntegerType()),
    }


@dataclass(frozen=True)
class FileKind:
    """Which landed files feed a bronze table.

    `pattern` is matched (search, case-insensitive) against the path inside the landing zone, the archive's own name
    included: `faers/faers_ascii_2017q2.zip/ascii/DEMO17Q2.txt`.
    """

    pattern: str
    compiled: re.Pattern[str] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Compile once; a bad pattern fails at import."""
        object.__setattr__(self, "compiled", re.compile(self.pattern, re.IGNORECASE))

    def owns(self, path: str) -> bool:
        """Tell whether a landed path is of this kind."""
        return self.compiled.search(path) is not None


class BronzeTable(Table):
    """Base of the bronze tables: every record as sent, all strings, with where it stood.

    A subclass names its `source`, its `files`, and declares the columns of the authority's layout as strings.
    """

    layer = "bronze"
    axis = flows("known_date")
    source: ClassVar[str] = ""
    files: ClassVar[FileKind]
    partitioned_by = ("delivery_id",)

    delivery_id = Column("string", "Delivery the record came in: hash of the file's content and date", required=True)
    file = Column("string", "Path of the file in the landing zone, archive included", required=True)
    line_number = Column("bigint", "Line (or record) number in the file, from 1", required=True, minimum=1)
    known_date = Column(
        "date", "Date the delivery shows it was known: from its name, else the file's date", required=True
    )

    key = ("delivery_id", "line_number")

    @classmethod
    def source_columns(cls) -> list[str]:
        """Names of the authority's own columns, in order."""
        return [name for name in cls.columns if name not in PROVENANCE]

    @classmethod
    def pseudonymised(cls) -> list[str]:
        """Names of the columns whose values are replaced on entry."""
        return [name for name, c in cls.columns.items() if c.pseudonymised]

    @classmethod
    def names_persons(cls) -> bool:
        """Tell whether a record as sent holds identifiers: then its text is kept nowhere but in its columns."""
        return any(c.pseudonymised or c.sensitivity == "identifying" for c in cls.columns.values())


PROVENANCE = ("delivery_id", "file", "line_number", "known_date")


def text(meaning: str, **rules: object) -> Column:
    """Return a string column: the shorthand of bronze layouts."""
    return Column("string", meaning, **rules)  # type: ignore[arg-type]
