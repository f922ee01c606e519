"""A counter shares no code with the reader whose losses it is to show: for every table of every source."""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
from types import CodeType, FunctionType, ModuleType

import pytest

from pipelines.files.text import Refused
from tests.fuzz.target import Target, targets


def run_by(call, *args) -> set[CodeType]:
    """The project's own functions that a call runs."""
    ran: set[CodeType] = set()
    with contextlib.suppress(Refused):
        call(*args)  # what is compiled is compiled before anybody looks on, which is much slower

    def seen(frame, event, _):
        if event == "call" and frame.f_globals.get("__name__", "").startswith("pipelines."):
            ran.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        call(*args)
    finally:
        sys.setprofile(before)
    return ran


def is_declared(code: CodeType) -> bool:
    """Tell what looks up settings, which both sides need, from what reads."""
    return code.co_filename.endswith(("/settings.py", "/mappings.py"))


def read(target: Target, data: bytes) -> int:
    return sum(t.num_rows for t in target.reader.read(io.BytesIO(target.packed(data)), target.path, target.table))


def readable(target: Target) -> list[bytes]:
    """Seeds that the reader does not refuse; every table has one."""
    found = []
    for seed in target.seeds:
        with contextlib.suppress(Refused):
            read(target, seed)
            found.append(seed)
    assert found
    return found


def count(target: Target, data: bytes) -> int:
    return target.reader.count(io.BytesIO(target.packed(data)), target.path, target.table)


def named(code: CodeType) -> str:
    return f"{code.co_filename.rpartition('pipelines')[2]}:{code.co_qualname}"


@pytest.mark.parametrize("name", sorted(targets()))
def test_no_function_runs_in_both_reader_and_counter(name):
    target = targets()[name]
    both = {c for seed in readable(target) for c in run_by(read, target, seed) & run_by(count, target, seed)}
    assert {named(c) for c in both if not is_declared(c)} == set()


def places(code: CodeType) -> list[tuple[object, str, FunctionType]]:
    """Where a function stands by name: in modules that define or import it, or in its class."""
    modules = [m for n, m in list(sys.modules.items()) if n.startswith("pipelines.") and isinstance(m, ModuleType)]
    own = [c for m in modules for c in vars(m).values() if inspect.isclass(c) and c.__module__.startswith("pipelines.")]
    return [
        (owner, name, value)
        for owner in dict.fromkeys([*modules, *own])
        for name, value in list(vars(owner).items())
        if isinstance(value, FunctionType) and value.__code__ is code
    ]


def truncating(function: FunctionType):
    """The same, but that the last of what it gives is lost."""

    def planted(*args, **kwargs):
        given = function(*args, **kwargs)
        try:
            last = next(given)
        except StopIteration as end:
            return end.value
        while True:
            try:
                following = next(given)
            except StopIteration as end:
                return end.value
            yield last
            last = following

    return planted


@pytest.mark.parametrize("name", sorted(targets()))
def test_whatever_part_of_a_reader_loses_its_last_records_the_counter_shows_it(name):
    target, n_lost, most = targets()[name], 0, 0
    for seed in readable(target):
        expected = read(target, seed)
        most = max(most, expected)
        assert count(target, seed) == expected
        generators = [c for c in run_by(read, target, seed) if c.co_flags & inspect.CO_GENERATOR]
        for code in generators:
            with pytest.MonkeyPatch.context() as patch:
                for owner, attribute, function in places(code):
                    patch.setattr(owner, attribute, truncating(function))
                try:
                    rows = read(target, seed)
                except Exception:
                    continue  # a reader that fails is told, not missed
                n_lost += rows < expected
                assert rows == expected or count(target, seed) != rows, (
                    f"{named(code)} lost {expected - rows} records unseen"
                )
    if most < 2 and not n_lost:
        pytest.skip("the simulated country has too few rows for it")
    assert n_lost, "nothing was lost: the planted faults do not reach this reader"
