"""The platform as a Dagster resource: the settings, with what a run overrides."""

import threading
from functools import cache

import dagster as dg
from pydantic import Field

from pipelines.core.lease import hold
from pipelines.core.run import Platform
from pipelines.settings import load


class PlatformResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where the run reads and writes. Empty fields are those of the settings."""

    landing: str = ""
    lake: str = ""
    reports: str = ""
    as_of: str = ""
    sources: list[str] = Field(default_factory=list)

    def open(self) -> Platform:
        """Open the platform; the same settings share one Spark session in a thread."""
        given = {name: getattr(self, name) for name in ("landing", "lake", "reports", "as_of") if getattr(self, name)}
        return _opened(tuple(sorted(given.items())), tuple(self.sources), threading.get_ident())


@cache
def _opened(given: tuple[tuple[str, str], ...], sources: tuple[str, ...], thread: int) -> Platform:
    platform = Platform(load(**dict(given), **({"sources": list(sources)} if sources else {})))
    hold(str(platform.settings.lake))
    return platform
