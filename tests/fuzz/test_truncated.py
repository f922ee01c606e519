"""Every reader on files that were cut: at the end of a record, of a line, or anywhere; nothing is lost without a word."""

from __future__ import annotations

import io

import pytest

from pipelines.core.reading import Refused
from tests.fuzz.target import Target, targets

N_CUTS = 4
ENDS = (b"\n", b">", b"}", b"]", b'"', b",", b";", b"$", b"\t")


def cuts(data: bytes) -> list[int]:
    """Where to cut: at some of every kind of end, and evenly between."""
    found = {len(data) * i // N_CUTS for i in range(1, N_CUTS)}
    for end in ENDS:
        at = [i + 1 for i in range(len(data)) if data[i : i + 1] == end]
        found |= set(at[:: max(1, len(at))]) | set(at[-1:])
    return sorted(found - {0, len(data)})


def told(target: Target, data: bytes) -> list[str | None]:
    """Reasons, or None, of the records in their order."""
    file = io.BytesIO(target.packed(data))
    rows = [r for t in target.reader.read(file, target.path, target.table) for r in t.to_pylist()]
    return [r["reason"] for r in sorted(rows, key=lambda r: r["line_number"])]


def has_end_mark(target: Target, data: bytes) -> bool:
    """Tell documents, whose end is told by a mark, from lines."""
    return data.lstrip(b"\xef\xbb\xbf \r\n")[:1] in (b"<", b"{", b"[", b"P") and not target.path.endswith(
        (".txt", ".csv")
    )


@pytest.mark.parametrize("name", sorted(targets()))
def test_what_a_cut_file_still_holds_is_kept_or_put_aside(name):
    target = targets()[name]
    seed = max(target.seeds, key=len)[:20_000] if name != "anmv_reference" else target.seeds[0]
    assert {at: fault for at in cuts(seed) if (fault := target.fault(seed[:at]))} == {}


@pytest.mark.parametrize("name", sorted(n for n, t in targets().items() if has_end_mark(t, t.seeds[0])))
def test_a_document_that_is_cut_is_never_taken_for_whole(name):
    target = targets()[name]
    for seed in target.seeds[:2]:
        last = len(seed.rstrip()) - 1
        for at in {*cuts(seed[:last]), last} if has_end_mark(target, seed) else ():
            try:
                reasons = told(target, seed[:at])
            except Refused:
                continue
            assert reasons and reasons[-1], f"{name} cut at byte {at} of {len(seed)} passed for whole"
