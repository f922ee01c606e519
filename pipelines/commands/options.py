"""What several commands share: options, settings, names of sources, and the one sentence that ends a command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines.files.store import place

LandingOption = Annotated[
    str | None,
    typer.Option(parser=place, metavar="PLACE", help="Landing zone, a folder or s3://…: one folder per source."),
]
LakeOption = Annotated[str | None, typer.Option(parser=place, metavar="PLACE", help="Folder or s3://… of the lake.")]
AsOfOption = Annotated[str | None, typer.Option(help="Show what was known on this date (YYYY-MM-DD).")]


class Stop(Exception):
    """End the command with one sentence."""


def current() -> Any:
    """The settings; read when a command runs."""
    from pipelines.settings import settings

    return settings()


def named_sources(text: str | None) -> list[str]:
    """Names of a comma-separated list of sources; raises `Stop` for one that is none."""
    from pipelines.core.catalog import sources

    names = [part.strip() for part in (text or "").split(",") if part.strip()]
    if unknown := [n for n in names if n not in sources()]:
        raise Stop(f"there is no source {unknown[0]!r}; known are {', '.join(sources())}")
    return names
