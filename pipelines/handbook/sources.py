"""A page a source: its card with the traps, its tables, what it feeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.core.catalog import SourceFolder
from pipelines.handbook.text import grid, link, source_page, to_table

OVERWRITTEN = {
    "next_state": "A later file at the same path is the next state; what the earlier one told stays known until then.",
    "correction": "A later file at the same path corrects the earlier one, which leaves.",
    "another": "Each file is a message of its own and corrects others by its own numbers and versions.",
}


def pages(sources: Mapping[str, SourceFolder]) -> Iterator[tuple[str, str]]:
    """Path and Markdown of the page of each source, and of their list."""
    here = "reference/sources/index.md"
    rows = [
        (link(f"`{name}`", source_page(name), here), s.card.title, s.card.publisher, s.card.domain, s.card.cadence.says)
        for name, s in sources.items()
    ]
    listed = grid(("Source", "What", "Publisher", "Domain", "How often"), rows)
    yield (
        here,
        "\n".join(["# Sources", "", "How each is added: [Adding to Gerland](../../contributing.md).", "", *listed, ""]),
    )
    for name, source in sources.items():
        yield source_page(name), _page(source, source_page(name))


def _page(source: SourceFolder, here: str) -> str:
    card = source.card
    said = [
        ("Publisher", card.publisher),
        ("Agency in charge here", card.agency),
        ("Domain", card.domain),
        ("One record is", card.grain),
        ("How often", card.cadence.says),
        ("Lag", card.lag.says),
        ("Licence", card.licence),
        ("Home page", f"<{card.homepage}>"),
        ("A file that comes again", OVERWRITTEN[card.overwritten]),
    ]
    lines = [f"# {card.name}", "", f"{card.title}.", "", *grid(("", ""), said), ""]
    lines += ["## Traps", "", *(f"- {trap}" for trap in card.traps), ""]
    lines += ["## Its files", "", *_files(source, here), "", *_fed(source, here), "", *_landed(source), ""]
    return "\n".join(lines)


def _files(source: SourceFolder, here: str) -> list[str]:
    rows = [(to_table(t.address(), here), t.summary(), f"`{t.files.pattern}`") for t in source.tables]
    return grid(("Table", "One row is", "Files whose path matches"), rows)


def _fed(source: SourceFolder, here: str) -> list[str]:
    rows = [
        (to_table(one.table.address(), here), ", ".join(to_table(a, here) for a in one.reads), f"`{one.name}`")
        for one in source.feeds
    ]
    if not rows:
        return ["## What it feeds", "", "No union of sources: other tables read its tables directly, see their pages."]
    return ["## What it feeds", "", *grid(("Table", "From", f"By, in `{source.package}.conform`"), rows)]


def _landed(source: SourceFolder) -> list[str]:
    name = source.card.name
    lines = ["## How to land it", ""]
    if source.card.downloads:
        lines += ["```bash", f"gerland fetch {name}", "```", "", "fetches, into a folder of today's date:", ""]
        return [*lines, *grid(("File", "Address"), ((d.file, f"<{d.url}>") for d in source.card.downloads))]
    return [*lines, f"Put the files below `{name}/` in the landing zone, then `gerland run --sources {name}`."]
