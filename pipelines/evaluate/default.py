"""Fit the combination that is shipped anew: `python -m pipelines.evaluate.default`, a few minutes.

Logistic lines fitted to simulated countries, for lakes that have registered nothing better. The file holds their
coefficients, so that everyone can read what scores; a slow test fits them again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.evaluation.combined import SHIPPED, Combined, told
from models.evaluation.methods import lines
from pipelines.core.log import Say, progress
from pipelines.evaluate.run import examples_of, seeds
from pipelines.simulator.years.families import load

TRAINED = "1-60"
DIGITS = 9  # of each number that are kept


def fitted(trained: Sequence[int], say: Say = lambda _: None) -> Combined:
    """Lines fitted to these countries, of the families that are shipped."""
    return lines(examples_of(load(), trained, say=say))


def write(one: Combined, trained: str, path: Path = SHIPPED) -> None:
    """Write the file that `models.evaluation.combined.shipped` reads."""
    whole = {"trained_on": f"simulated countries {trained}, all families", **_rounded(told(one))}
    path.write_text(_text(whole) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return value if not isinstance(value, float) or value == 0 else round(value, DIGITS - 1 - _magnitude(value))


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _text(value: Any, depth: int = 0) -> str:
    """JSON with a line for each feature."""
    if not isinstance(value, dict):
        return json.dumps(value)
    space = "  " * (depth + 1)
    inside = ",\n".join(f"{space}{json.dumps(name)}: {_text(one, depth + 1)}" for name, one in value.items())
    return f"{{\n{inside}\n{'  ' * depth}}}"


if __name__ == "__main__":
    write(fitted(seeds(TRAINED), progress()), TRAINED)
