"""What one run of the platform holds: settings, Spark session, lake."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pipelines.core.catalog import tables
from pipelines.privacy.pseudonyms import DEMONSTRATION_KEY, Pseudonymiser

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipelines.lake.lake import Lake
    from pipelines.settings import Settings


@dataclass(frozen=True)
class Platform:
    """The engine behind the assets, for one set of settings."""

    settings: Settings
    sees: frozenset[str] | None = None  # tables that may be looked at; None for all

    @property
    def spark(self) -> SparkSession:
        """The Spark session of the thread that asks: a Connect server may have been started anew meanwhile."""
        from pipelines.frames.spark import session

        return session(self.settings) if self.settings.spark_remote else self._embedded

    @cached_property
    def _embedded(self) -> SparkSession:
        from pipelines.frames.spark import session

        return session(self.settings)

    @cached_property
    def lake(self) -> Lake:
        """The lake of the settings, cut at `as_of` when that is set."""
        from pipelines.lake.lake import Lake

        return Lake(lambda: self.spark, str(self.settings.lake), tables(), self.as_of, self.sees)

    def limited(self, sees: frozenset[str]) -> Platform:
        """The same platform, of whose lake only these tables can be looked at."""
        return replace(self, sees=sees)

    @property
    def as_of(self) -> dt.date | None:
        """Date as known on which the run rebuilds; None for today's state."""
        return dt.date.fromisoformat(self.settings.as_of) if self.settings.as_of else None

    @property
    def pseudonymiser(self) -> Pseudonymiser:
        """The keys of the settings, else the demonstration key."""
        key, version = self.settings.pseudonym_key, self.settings.pseudonym_key_version
        if key is None:
            return Pseudonymiser(DEMONSTRATION_KEY)
        former = tuple((v, k.get_secret_value()) for v, k in self.settings.former_pseudonym_keys.items())
        return Pseudonymiser(key.get_secret_value(), version, former)
