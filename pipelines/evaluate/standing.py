"""What the steps judge with: the lake as it was read, the reference of the settings, the model that stands."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.core.log import log
from pipelines.evaluate.lake_sql import EXPOSURE, NARRATIVES, NEEDED
from pipelines.evaluate.run import EvaluationError, NothingToJudge
from pipelines.files.store import file_system

if TYPE_CHECKING:
    from models.evaluation.combined import Combined
    from pipelines.evaluate.lake import LakeReports
    from pipelines.evaluate.reference import Pairs
    from pipelines.evaluate.rows import Model
    from pipelines.lake.platform import Platform
    from pipelines.settings import Settings

READS = (*NEEDED, NARRATIVES, EXPOSURE)
DEFAULT = "default"
TRUTH = "truth/signals.csv"  # below the landing zone of a simulated country
NO_REFERENCE = "no reference: set `reference` to a CSV of pairs, and the methods are judged by it"
_reading, _making = Lock(), Lock()
Made = TypeVar("Made")


def read(platform: Platform) -> LakeReports | None:
    """The reports of the lake as arrays, read once for all steps of a run; None, and said, where none counts yet."""
    lake = platform.lake
    versions = tuple(sorted(lake.versions(READS).items()))
    try:
        with _reading:
            return _read(lake.root, str(platform.as_of) if platform.as_of else None, versions)
    except NothingToJudge as error:
        log(str(error))
        return None


@lru_cache(maxsize=1)
def _read(root: str, as_of: str | None, versions: tuple[tuple[str, str], ...]) -> LakeReports:
    from pipelines.evaluate.lake import read as read_lake

    return read_lake(root, as_of)


def once(platform: Platform, inputs: Mapping[str, str], make: Callable[[Platform], Made]) -> Made:
    """What `make` gives, made once for all steps of a run that have the same inputs."""
    with _making:
        found: Made = _once(_Asked(platform, make, inputs))
        return found


class _Asked:
    """A platform, told apart by what is to be made of which inputs."""

    def __init__(self, platform: Platform, make: Callable[[Platform], Any], inputs: Mapping[str, str]) -> None:
        self.platform, self.make = platform, make
        self.of = (platform.lake.root, platform.as_of, make, tuple(sorted(inputs.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.of == other.of

    def __hash__(self) -> int:
        return hash(self.of)


@lru_cache(maxsize=2)
def _once(asked: _Asked) -> Any:
    return asked.make(asked.platform)


def reference(platform: Platform) -> tuple[str, Pairs] | None:
    """Name and pairs of the reference; None where there is none.

    Raises `EvaluationError` where the file of the settings can't be read.
    """
    from pipelines.evaluate.reference import read as read_pairs

    settings = platform.settings
    if settings.reference:
        return settings.reference.name, read_pairs(settings.reference)
    content = _truth(settings)
    if content is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(TRUTH).name
        file.write_bytes(content)
        return "simulated truth", read_pairs(file)


def content_of_reference(platform: Platform) -> str:
    """Hash of the reference, of the map of its wordings too; `none` where there is none."""
    settings = platform.settings
    if settings.reference is None:
        content = _truth(settings)
        return "none" if content is None else hashlib.sha256(content).hexdigest()[:16]
    told = hashlib.sha256()
    try:
        beside = sorted(settings.reference.parent.glob(f"{settings.reference.stem}*_map.csv"))
        for file in (settings.reference, *beside):
            told.update(file.read_bytes())
    except OSError as error:
        raise EvaluationError(f"setting 'reference': {settings.reference} can't be read ({error.strerror})") from None
    return told.hexdigest()[:16]


def _truth(settings: Settings) -> bytes | None:
    system, base = file_system(str(settings.landing))
    if not system.get_file_info(f"{base}/{TRUTH}").is_file:
        return None
    with system.open_input_file(f"{base}/{TRUTH}") as opened:
        return bytes(opened.readall())


def model(platform: Platform) -> tuple[Combined, Model]:
    """The champion of the registry, else the default that is shipped; the name says which."""
    from models.evaluation.champion import MODEL, champion_version
    from models.evaluation.combined import shipped
    from pipelines.evaluate.rows import Model

    tracking = platform.settings.tracking
    if version := champion_version(tracking):
        from models.evaluation import registry

        return registry.champion(tracking).combined, Model(MODEL, version)
    default = shipped()
    log("no champion is registered: pairs are scored with the default that is shipped")
    return default, Model(DEFAULT, default.version)


def model_version(platform: Platform) -> str:
    """Version of the champion, or `default`: what scores depend on, beside code."""
    from models.evaluation.champion import champion_version

    return champion_version(platform.settings.tracking) or DEFAULT
