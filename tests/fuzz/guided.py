"""One table under a coverage-guided fuzzer: `python -m tests.fuzz.guided TABLE CORPUS [libFuzzer options]`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(
    include=["pipelines"], exclude=[f"pipelines.files.counting{kind}" for kind in ("", "_lines", "_quoted", "_json")]
):
    from tests.fuzz.target import targets


def main() -> None:
    """Hand every input to the reader; a broken promise ends the run and is written out by the fuzzer."""
    target = targets()[sys.argv[1]]

    def one(data: bytes) -> None:
        if fault := target.fault(data):
            raise AssertionError(fault)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
