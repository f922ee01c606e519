"""Forms under which two dictionaries may hold the same event: pure rules of English medical spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import pyarrow as pa

REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
EMPTY_WORDS = {"nos", "of", "the", "and", "in", "a", "an", "with", "other", "unspecified", "not", "elsewhere"}
NAMES_ALONE = {"not", "other"}  # words that change the meaning where they are kept
SPELLINGS = (
    (re.compile(r"[oa]+e"), "e"),
    (re.compile(r"our(?=\b|s\b|al|ed|ing|less)"), "or"),
    (re.compile(r"is(ed|ing|ation|e)\b"), r"iz\1"),
    (re.compile(r"sul(ph)"), "sulf"),
    (re.compile(r"yse\b"), "yze"),
)
WORD = r"[a-z0-9]+(?:-[a-z0-9]+)*"
METHODS = ("exact", "spelling", "word_order")
FORMS = pa.schema([("term_key", pa.string()), ("rank", pa.int32()), ("form", pa.string())])


def exact(name: str) -> str:
    """Lower case, no accents, single blanks."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return re.sub(r"\s+", " ", plain).strip(" .,;:")


def spelling(name: str) -> str:
    """American spelling, singular words, no remark in brackets, no NOS; the same when done twice."""
    text = re.sub(r"[^a-z0-9 ,-]", " ", REMARK.sub(" ", exact(name)))
    for pattern, to in SPELLINGS:
        text = pattern.sub(to, text)
    words = [singular(w) for w in re.findall(WORD + "|,", text)]
    kept = [w for w in words if w != "nos"]
    return re.sub(r"\s*,\s*", ", ", " ".join(kept)).strip(" ,-")


def singular(word: str) -> str:
    """Singular of an English word, by its ending; words that only look like plurals stay."""
    if len(word) < 4 or word.endswith(("ss", "us", "is", "as", "os")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and word[-2].isalpha() else word


def word_order(name: str) -> str:
    """Words of the spelling form, sorted, without those that only join."""
    words = set(re.findall(WORD, spelling(name)))
    return " ".join(sorted(words - (EMPTY_WORDS - NAMES_ALONE)))


def forms(name: str) -> list[str]:
    """The exact, spelling and word-order forms of a name."""
    return [exact(name), spelling(name), word_order(name)]


def spread(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row per term and form; the body of a Spark task. Columns in: term_key, name."""
    for batch in batches:
        rows = [
            (key, rank, form)
            for key, name in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
            for rank, form in enumerate(forms(name))
            if form
        ]
        columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
        yield pa.RecordBatch.from_arrays(
            [pa.array(c, t.type) for c, t in zip(columns, FORMS, strict=True)], schema=FORMS
        )
