"""A page a pairwise method: its formula and source, its rule, what it needs, what it says of published tables."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from models.methods import METHODS, Method
from pipelines.core.code import ROOT
from pipelines.handbook.text import command_page, grid, link, method_page

PAGE = ROOT / "infra" / "docs" / "methods.md"
CELL = re.compile(r"(?<!\\)\|")


def pages(analyses: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Path and Markdown of the page of each method, and of their list; `analyses` names the commands with others."""
    here = "reference/methods/index.md"
    rows = [
        (link(f"`{n}`", method_page(n), here), m.rule, "log2" if m.in_bits else "ratio") for n, m in METHODS.items()
    ]
    lines = ["# Methods", "", "What each computes, by which convention, checked against what, at length: ", ""]
    lines[2] += f"{link('methods', 'methods.md', here)}."
    lines += ["## Pairs of product and event", "", *grid(("Method", "Its rule", "Scale"), rows), ""]
    told = [(link(f"`gerland {c}`", command_page(c), here), _first(c)) for c in analyses]
    lines += ["## Series, trees, sequences, combinations", "", *grid(("Command", "Asks"), told), ""]
    yield here, "\n".join(lines)
    for name, method in METHODS.items():
        yield method_page(name), _page(name, method, method_page(name))


def _first(command: str) -> str:
    """First sentence of a command's module, without its own name."""
    from importlib import import_module

    doc = inspect.getdoc(import_module(f"pipelines.analyse.{command}")) or ""
    return doc.split("\n")[0].split(": ", 1)[-1]


def _page(name: str, method: Method, here: str) -> str:
    said = [
        ("Its rule", method.rule),
        ("It needs", method.needs),
        ("Scale of the estimate", "logarithm to base 2" if method.in_bits else "ratio"),
        ("In the lake", "asked of all pairs: `gold.signal_by_method`" if method.is_compared else "asked on files only"),
        ("Code", f"`{method.formula.__module__}.{method.formula.__name__}`"),
        *_of_the_page(name),
    ]
    doc = paragraphs(inspect.getdoc(method.formula) or "")
    lines = [f"# {name}", "", *doc, "", *grid(("", ""), said), ""]
    lines += ["Every method answers in one shape: `estimate`, `lower`, `upper`, `p_value`, `is_signal`, `rule`,"]
    lines += ["`not_computed`, which says why where a number is not given.", ""]
    lines += ["```bash", f"gerland compare SUBSTANCE EVENT --methods {name}", "```", ""]
    published = link("worked examples", "examples/methods.md", here)
    return "\n".join([*lines, f"What it says of published tables stands among the {published}.", ""])


def paragraphs(doc: str) -> list[str]:
    """Return the lines of a docstring, those of its sections (Raises, Args) as lists."""
    lines, is_section = [], False
    for line in doc.splitlines():
        if re.fullmatch(r"(Raises|Args|Returns):", line):
            is_section = True
            lines += [f"**{line}**", ""]
        elif is_section and line.startswith("    ") and not line.startswith("     "):
            lines.append(f"- {line.strip()}")
        else:
            is_section = is_section and bool(line.strip())
            lines.append(line.replace("``", "`").strip() if not is_section else f"  {line.strip()}")
    return lines


def _of_the_page(name: str, page: Path = PAGE) -> list[tuple[str, str]]:
    """What the page of methods says of one: its source, and what it is checked against."""
    family = "mgps_…_shrunk" if name == "mgps_shrunk" else "mgps_…" if name == "mgps" else name
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in CELL.split(line)[1:-1]]
        if len(cells) == 4 and f"`{family}`" in cells[0]:
            return [("Published by", cells[2]), ("Checked against", cells[3])]
    return []
