"""The platform as a Dagster resource: the settings, with what a run overrides."""

import threading
from functools import cache

import dagster as dg
from pydantic import Field

from pipelines.lake.lease import hold, must_be_held
from pipelines.lake.platform import Platform
from pipelines.settings import Settings, load


class PlatformResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where the run reads and writes. Empty fields are those of the settings."""

    landing: str = ""
    lake: str = ""
    reports: str = ""
    as_of: str = ""
    sources: list[str] = Field(default_factory=list)

    def open(self) -> Platform:
        """Open the platform, to write to its lake; the same settings share one Spark session in a thread."""
        platform = _opened(tuple(sorted(self._given().items())), tuple(self.sources), threading.get_ident())
        must_be_held(str(platform.settings.lake))
        return platform

    def settings(self) -> Settings:
        """The settings, for who only looks: the lake is left to others."""
        return load(**self._given(), **({"sources": self.sources} if self.sources else {}))

    def _given(self) -> dict[str, str]:
        named = {name: getattr(self, name) for name in ("landing", "lake", "reports", "as_of")}
        return {name: value for name, value in named.items() if value}


@cache
def _opened(given: tuple[tuple[str, str], ...], sources: tuple[str, ...], thread: int) -> Platform:
    platform = Platform(load(**dict(given), **({"sources": list(sources)} if sources else {})))
    hold(str(platform.settings.lake))
    return platform
