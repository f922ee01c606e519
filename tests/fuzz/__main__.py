"""`python -m tests.fuzz [--source NAME] [--inputs N] [--seconds N]`: fuzz the readers of every table, guided by coverage."""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.target import CASES, PIECES, Target, targets

TOKEN = "\\x{:02x}"
SEEN = re.compile(r"#(\d+)\s.*cov: (\d+)")


def main() -> None:
    """Fuzz table by table; ends with 1 where a fault was found, each kept as a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", action="append", help="A source, may be repeated; all without.")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="Inputs a source, shared by its tables.")
    parser.add_argument("--seconds", type=int, default=0, help="Seconds a table, at most; 0 for as many as it takes.")
    given = parser.parse_args()
    tables = Counter(target.table.source for target in targets().values())
    if unknown := set(given.source or ()) - set(tables):
        parser.error(f"there is no source {', '.join(sorted(unknown))}")
    chosen = [t for t in targets().values() if not given.source or t.table.source in given.source]
    shares = [(target, -(-given.inputs // tables[target.table.source])) for target in chosen]
    found = [fault for target, inputs in shares if (fault := fuzz(target, inputs, given.seconds))]
    say(f"{len(chosen)} tables, {len(found)} with a fault")
    sys.exit(bool(found))


def fuzz(target: Target, inputs: int, seconds: int) -> str | None:
    """Fuzz one table in a process of its own, saying how far it is; what it finds is kept and told."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, made = Path(folder) / "corpus", Path(folder) / "made"
        for place in (corpus, made):
            place.mkdir()
        for seed in (*target.seeds, *(case.read_bytes() for case in target.cases())):
            (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        tokens = Path(folder) / "tokens"
        tokens.write_text("\n".join(f'"{"".join(map(TOKEN.format, piece))}"' for piece in PIECES if piece))
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.guided",
            target.name,
            str(corpus),
            f"-runs={inputs}",
            f"-max_total_time={seconds}",
        ]
        command += [
            f"-artifact_prefix={made}/",
            f"-dict={tokens}",
            "-max_len=12000",
            "-timeout=600",
            "-rss_limit_mb=4096",
            "-print_final_stats=0",
        ]
        last = _followed(target, command, inputs)
        for path in sorted(made.iterdir()):
            return _kept(target, path.read_bytes())
        say(f"{target.name:<28} {last:>10,} inputs")
        return None if last >= inputs or (seconds and last) else f"{target.name}: ended after {last:,} inputs"


def _followed(target: Target, command: list[str], inputs: int) -> int:
    """Run and show progress; returns the inputs tried."""
    start, last, told = time.monotonic(), 0, 0.0
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if match := SEEN.search(line):
                last = int(match[1])
                seconds = time.monotonic() - start
                if seconds - told > 5 or last >= inputs:
                    told = seconds
                    say(
                        f"{target.name:<28} {last:>10,} of {inputs:,}  {last / seconds:8,.0f} a second  {match[2]} branches"
                    )
    return last


def _kept(target: Target, data: bytes) -> str:
    folder = CASES / target.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    fault = f"{target.name}: {target.fault(data)} ({path.name})"
    say(fault)
    return fault


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
