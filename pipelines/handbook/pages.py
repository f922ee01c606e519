"""All pages that are made, and the order in which readers find pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.analyse import COMMANDS
from pipelines.core.catalog import rules, sources, steps, tables
from pipelines.core.code import ROOT
from pipelines.handbook import commands, methods
from pipelines.handbook import sources as source_pages
from pipelines.handbook import tables as table_pages

DOCS, EXAMPLES = ROOT / "infra" / "docs", ROOT / "tests" / "spec"
OUTSIDE = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that lie at the project's root, where people who work on it look for them."""


def generated() -> dict[str, str]:
    """Markdown of every page that is made, by its path in the site."""
    known = tables()
    found = dict(table_pages.pages(known, steps(), rules(), sources()))
    found |= source_pages.pages(sources())
    found |= methods.pages(tuple(name for name in COMMANDS if name != "score"))
    found |= commands.pages()
    found |= {f"examples/{page.name}": page.read_text(encoding="utf-8") for page in sorted(EXAMPLES.glob("*.md"))}
    return found | {page: _from_root(file) for page, file in OUTSIDE.items()}


def _from_root(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8").replace("(infra/docs/", "(")


def nav(pages: Mapping[str, str]) -> list[Any]:
    """What MkDocs shows at the side: pages by who needs them, in the order of reading."""

    def below(folder: str, *first: str) -> list[str]:
        inside = [p for p in pages if p.startswith(f"{folder}/") and p not in first]
        return [*first, *inside]

    layers = [{layer: [p for p in pages if p.startswith(f"reference/tables/{layer}.")]} for layer in table_pages.LAYERS]
    reference = [
        {"Tables": ["reference/tables/index.md", *reversed(layers)]},
        {"Sources": below("reference/sources", "reference/sources/index.md")},
        {"Methods": below("reference/methods", "reference/methods/index.md")},
        {"Commands": below("reference/commands", "reference/commands/index.md")},
        {"Settings": "reference/settings.md"},
        {"Python": "reference/python.md"},
        "glossary.md",
    ]
    written = sorted(p.relative_to(DOCS).as_posix() for p in DOCS.glob("how-to/*.md"))
    return [
        {"Home": "index.md"},
        {"Tutorials": ["tutorials/assessor.md", "tutorials/data-scientist.md", "tutorials/data-engineer.md"]},
        {"How to": written},
        {"Reference": reference},
        {"Worked examples": below("examples")},
        {"Why": ["architecture.md", "methods.md", "promises.md", "privacy.md"]},
        {"Running it": ["operations.md", "scale.md"]},
        {"Adding to it": ["contributing.md", "changelog.md"]},
    ]
