"""Every reader on files that were cut: at the end of a record, of a line, or anywhere; nothing is lost without a word."""

from __future__ import annotations

import io

import pytest

from pipelines.files.text import Refused
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


def n_kept(target: Target, data: bytes) -> int:
    """Records that are kept, once as many came out as were counted."""
    reasons = told(target, data)
    assert len(reasons) == target.reader.count(io.BytesIO(data), target.path, target.table)
    return sum(reason is None for reason in reasons)


@pytest.mark.parametrize("name", sorted(n for n, t in targets().items() if not has_end_mark(t, t.seeds[0])))
def test_a_fault_in_one_line_costs_no_more_than_its_record(name):
    target = targets()[name]
    seed = next((s for s in target.seeds if s.count(b"\n") > 4 and not refused(target, s)), None)
    if seed is None:
        pytest.skip("the simulated country has too few rows for it")
    n, middle = n_kept(target, seed), seed.index(b"\n", len(seed) // 2) + 1
    for fault in (b'"', b'x;"', b"\0", b"\xff", b"\r", b"\x1a", b'"\n', b"\xef\xbb\xbf", b"x" * 5000):
        assert n_kept(target, seed[:middle] + fault + seed[middle:]) >= n - 1, fault
    for blank in (b"\xc2\xa0\n", b"\xa0\n", b"\r\n", b"\x0c\n", b"\xe2\x80\xa8\n", b"\xe3\x80\x80\t\r\n"):
        assert n_kept(target, seed[:middle] + blank + seed[middle:]) == n, blank


def refused(target: Target, data: bytes) -> bool:
    """Tell whether a sample is another table's."""
    try:
        return not told(target, data)
    except Refused:
        return True
