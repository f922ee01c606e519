"""Pseudonyms on entry: what is declared so is replaced before the first byte is written to the lake.

HMAC-SHA-256 with keys from the environment; the version of the last one stands before each pseudonym. A former key is
kept as a link of a chain: a pseudonym is that of the next key over the one of the key before. So keys rotate without
the identifiers: what the lake holds is taken one link on, and meets what comes in new. The same identifier and keys
give the same pseudonym, in every delivery and on every worker. What says that there is no identifier gives none.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.table import BronzeTable
from pipelines.files.text import BLANKS

DEMONSTRATION_KEY = "gerland demonstration key: set GERLAND_PSEUDONYM_KEY before real identifiers are read"
DEMONSTRATION_VERSION = 0
HOW_TO_MAKE_A_KEY = (
    "make a key once with `openssl rand -hex 32`, keep it safe outside the lake, and set it as GERLAND_PSEUDONYM_KEY"
)
WITHOUT_KEY = f"it holds identifiers, is not simulated, and there is no key to replace them with: {HOW_TO_MAKE_A_KEY}"
WITHHELD = "withheld: the table holds identifying columns"
ERASED = "erased at the request of the person"
ERASED_BEFORE = "erased"  # stands before a pseudonym where its trace is taken
PSEUDONYM = re.compile(r"p(\d+)_[0-9a-f]{32}")
ABSENT = {
    *("na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "null", "(null)", "none", "nil", r"\n", "unknown", "unk"),
    *("missing", "not available", "inconnu", "inconnue", "non renseigné", "non renseigne", "non renseignée"),
}
"""How programs and forms write that there is no identifier, in lower case; so does what holds no letter or digit."""


def stated(identifier: str, absent: tuple[str, ...] = ()) -> str | None:
    """Return an identifier without the blanks around it; None for a text that says there is none.

    `absent` lists more such texts, in lower case, as a column declares them.
    """
    text = identifier.strip(BLANKS)
    said = text.lower()
    return None if said in ABSENT or said in absent or not any(map(str.isalnum, text)) else text


@dataclass(frozen=True)
class Pseudonymiser:
    """A key with its version, and the keys before it. No key ever shows in a representation, a log or an error."""

    key: str = field(default=DEMONSTRATION_KEY, repr=False)
    version: int = 1
    former: tuple[tuple[int, str], ...] = field(default=(), repr=False)  # (version, key)
    erased: frozenset[str] = field(default=frozenset(), repr=False)  # `trace` of each pseudonym that was erased

    @property
    def is_demonstration(self) -> bool:
        """The key is the published one, which protects nobody."""
        return self.key == DEMONSTRATION_KEY

    def keys(self) -> list[tuple[int, str]]:
        """Versions with their keys, the earliest first."""
        return [*sorted(self.former), (DEMONSTRATION_VERSION if self.is_demonstration else self.version, self.key)]

    def chain(self, identifier: str) -> Iterator[str]:
        """Pseudonyms of an identifier as it stands, one a key, each made over the one before."""
        said = identifier
        for version, key in self.keys():
            said = _link(said, version, key)
            yield said

    def __call__(self, identifier: str, absent: tuple[str, ...] = ()) -> str | None:
        """Pseudonym of one identifier: `p<version>_` and 32 hexadecimal digits; None where the text says it is none."""
        text = stated(identifier, absent)
        return None if text is None else [*self.chain(text)][-1]

    def is_erased(self, identifier: str) -> bool:
        """Tell whether a person asked to be erased, under whichever of the keys that was."""
        return bool(self.erased) and any(trace(p) in self.erased for p in self.chain(identifier.strip(BLANKS)))

    def moved_on(self, pseudonym: str) -> str:
        """Return a pseudonym of a former key as the last key has it; others as they are, the demonstration's too."""
        return [*self.onward(pseudonym)][-1]

    def onward(self, pseudonym: str) -> Iterator[str]:
        """A pseudonym, and where it is one of a former key, those of the later keys over it."""
        yield pseudonym
        found = PSEUDONYM.fullmatch(pseudonym)
        if found is None or int(found[1]) not in dict(self.former):
            return
        for version, key in self.keys():
            if version > int(found[1]):
                pseudonym = _link(pseudonym, version, key)
                yield pseudonym


def trace(pseudonym: str) -> str:
    """What is kept of a pseudonym that was erased: a hash, from which nobody gets back to it."""
    return hashlib.sha256(f"{ERASED_BEFORE} {pseudonym}".encode()).hexdigest()[:32]


def _link(text: str, version: int, key: str) -> str:
    return f"p{version}_{hmac.digest(key.encode(), text.encode(), 'sha256').hex()[:32]}"


def pseudonymised(rows: pa.Table, table: type[BronzeTable], pseudonymise: Pseudonymiser) -> pa.Table:
    """Replace what the table declares so in an Arrow table of read rows.

    A row without an identifier that the table requires, and one of a person who was erased, is refused. The raw text
    of refused records is withheld where the table holds identifying columns.
    """
    schema, n = rows.schema, rows.num_rows
    missing: list[tuple[str, pa.Array]] = []
    erased = pa.repeat(pa.scalar(False), n)
    for name in table.pseudonymised():
        column = rows[name].combine_chunks().dictionary_encode()
        absent, told = table.columns[name].absent, column.dictionary.to_pylist()
        values = pa.array([None if v is None else pseudonymise(v, absent) for v in told], pa.string())
        replaced = pa.DictionaryArray.from_arrays(column.indices, values).cast(pa.string())
        rows = rows.set_column(schema.get_field_index(name), name, replaced)
        if table.columns[name].required:
            missing.append((name, pc.is_null(replaced)))
        if pseudonymise.erased:
            gone = pa.array([v is not None and pseudonymise.is_erased(v) for v in told], pa.bool_())
            held = pa.DictionaryArray.from_arrays(column.indices, gone).cast(pa.bool_())
            erased = pc.or_(erased, pc.fill_null(held, False))
    for name, is_missing in missing:
        rows = _refused(rows, is_missing, f"no {name}: a row that is nobody's", table)
    if pseudonymise.erased:
        rows = _refused(rows, erased, ERASED, table)
    if not table.names_persons():
        return rows
    withheld = pa.array([None if r is None else WITHHELD for r in rows["raw"].to_pylist()], pa.string())
    return rows.set_column(schema.get_field_index("raw"), "raw", withheld)


def moved_on(rows: pa.Table, table: type[BronzeTable], pseudonymise: Pseudonymiser) -> pa.Table:
    """Return rows of the lake with pseudonyms of former keys taken on to the last key."""
    for name in table.pseudonymised():
        column = rows[name].cast(pa.string()).combine_chunks().dictionary_encode()
        values = [None if v is None else pseudonymise.moved_on(v) for v in column.dictionary.to_pylist()]
        replaced = pa.DictionaryArray.from_arrays(column.indices, pa.array(values, pa.string())).cast(pa.string())
        rows = _with(rows, name, replaced)
    return rows


def _refused(rows: pa.Table, which: pa.Array, reason: str, table: type[BronzeTable]) -> pa.Table:
    """Refuse those of the rows that are kept so far: a reason, and no values."""
    is_now = pc.and_(pc.is_null(rows["reason"]), which)
    if not pc.any(is_now).as_py():
        return rows
    for name in table.source_columns():
        rows = _with(rows, name, pc.if_else(is_now, pa.scalar(None, pa.string()), rows[name]))
    rows = _with(rows, "reason", pc.if_else(is_now, pa.scalar(reason), rows["reason"]))
    return _with(rows, "raw", pc.if_else(is_now, pa.scalar(WITHHELD), rows["raw"]))


def _with(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, values)
