"""What MkDocs calls: made pages are put beside the written ones, and names of tables lead to their pages."""

from __future__ import annotations

from typing import Any

from pipelines.core.catalog import tables
from pipelines.handbook.pages import generated, nav
from pipelines.handbook.text import with_links

_made: dict[str, str] = {}


def on_config(config: Any) -> Any:
    """Make the pages, and list all pages in the order of reading."""
    _made.clear()
    _made.update(generated())
    config.nav = nav(_made)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Put the made pages beside the written ones."""
    from mkdocs.structure.files import File

    for path, markdown in _made.items():
        files.append(File.generated(config, path, content=markdown))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Make names of tables links."""
    return with_links(markdown, page.file.src_uri, tables().keys())
