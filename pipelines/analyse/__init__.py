"""Commands that analyse a file of one's own: CSV, .xlsx or Parquet in; CSV, Parquet or a plot out. No lake, no Java.

Each module is one command of its own name: `gerland score` is `pipelines.analyse.score`. The numbers come from
`models/`; here are only the columns that a file needs, the options, and the plot.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent / "examples"

COMMANDS = (
    *("score", "lrt", "lasso", "interact", "mask", "frequency"),
    *("watch", "power", "tree", "symmetry", "sccs", "calibrate", "associate"),
)


def help_of(command: Callable[..., Any]) -> str:
    """Return a command's docstring, with the folder of its examples as it is reached from here."""
    here = Path.cwd()
    folder = EXAMPLES.relative_to(here) if EXAMPLES.is_relative_to(here) else EXAMPLES
    return (inspect.getdoc(command) or "").replace("examples/", f"{folder}/")
