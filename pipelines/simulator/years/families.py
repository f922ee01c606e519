"""Families of harms and artefacts: what `families.toml`, or a file of one's own, says. Its head documents each key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHIPPED = Path(__file__).with_name("families.toml")
MOST_STRENGTH, MOST_REPORTS = 100, 1000
DOMAINS = ("human", "veterinary", "cosmetic")
# Share of all reports that have each kind of evidence, where nothing is planted.
EVIDENCE = {
    "informative": 0.20,
    "rechallenge": 0.10,
    "onset_known": 0.30,
    "onset_early": 0.12,
    "serious": 0.35,
    "narrative": 0.40,
    "consumer": 0.30,
    "literature": 0.03,
    "copy": 0.05,
    "partner": 0.12,
    "suspect": 0.70,
}


class FamiliesError(ValueError):
    """A file of families can't be used; the message names the family and the field."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Spread(_Strict):
    """A positive quantity that differs from pair to pair, drawn between `low` and `high`."""

    distribution: Literal["log_normal", "uniform", "fixed"] = "log_normal"
    low: float = Field(gt=0)
    high: float | None = None
    median: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """Take a number for a fixed one, and the middle of the logarithms for a median that is not said."""
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return {"distribution": "fixed", "low": given}
        if not isinstance(given, dict) or given.get("distribution", "log_normal") != "log_normal":
            return given
        low, high = given.get("low"), given.get("high")
        if "median" in given or not (
            isinstance(low, (int, float)) and isinstance(high, (int, float)) and low * high > 0
        ):
            return given
        return {**given, "median": float(np.sqrt(low * high))}

    @model_validator(mode="after")
    def _ordered(self) -> Spread:
        if self.distribution == "fixed":
            return self
        if self.high is None or self.high < self.low:
            raise ValueError("high must be given, and not below low")
        if self.distribution == "log_normal" and not (self.median and self.low <= self.median <= self.high):
            raise ValueError("log_normal needs a median between low and high")
        return self

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        """Draw n values."""
        if self.distribution == "fixed" or self.high is None:
            return np.full(n, self.low)
        if self.distribution == "uniform":
            return random.uniform(self.low, self.high, n)
        assert self.median is not None
        sigma = max(np.log(self.high / self.median), np.log(self.median / self.low)) / 2
        return np.clip(self.median * np.exp(random.normal(0, sigma, n)), self.low, self.high)


class Sharing(_Strict):
    """How siblings share an effect: with which chance, and which part of its logarithm."""

    chance: float = Field(ge=0, le=1)
    low: float = Field(default=0.5, ge=0, le=1)
    high: float = Field(default=0.9, ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Sharing:
        if self.high < self.low:
            raise ValueError("high must not be below low")
        return self


class Family(_Strict):
    """One way to be a signal, or to look like one."""

    kind: Literal["harm", "artefact"]
    description: str = ""
    in_training: bool = True
    domains: tuple[Literal["human", "veterinary", "cosmetic"], ...] = DOMAINS  # type: ignore[assignment]
    per_100_substances: float = Field(default=3.0, gt=0, le=100)
    products: Literal["any", "new", "established", "scarce"] = "any"
    events: Literal["any", "rare"] = "any"
    strength: Spread = Spread(distribution="log_normal", median=3.5, low=1.5, high=8.0)
    onset: Literal["any", "launch", "fall", "surge"] = "any"
    rise_months: int = Field(default=0, ge=0, le=120)
    lasting_months: int = Field(default=0, ge=0, le=240)
    reports: Spread | None = None
    use: Literal["none", "fall", "surge", "switch"] = "none"
    masking: float = Field(default=0.0, ge=0, lt=1)
    class_: Sharing = Field(default=Sharing(chance=0.3), alias="class")
    neighbour: Sharing = Sharing(chance=0.25, low=0.4, high=0.8)
    species: Sharing = Sharing(chance=0.6, low=0.5, high=1.0)
    subgroup: float = Field(default=0.0, ge=0, le=1)
    region: float = Field(default=0.0, ge=0, le=1)
    batch: float = Field(default=0.0, ge=0, le=1)
    evidence: dict[str, float] = {}

    @model_validator(mode="after")
    def _sound(self) -> Family:
        if not self.domains:
            raise ValueError("domains names none")
        for name, share in self.evidence.items():
            if name not in EVIDENCE:
                raise ValueError(f"evidence {name!r} is none of {', '.join(EVIDENCE)}")
            if not 0 < share < 1:
                raise ValueError(f"evidence {name!r} must lie between 0 and 1")
        for what, spread, most in (("strength", self.strength, MOST_STRENGTH), ("reports", self.reports, MOST_REPORTS)):
            if spread is not None and max(spread.low, spread.high or 0) > most:
                raise ValueError(f"{what} passes {most}, the most that a country can hold")
        if self.onset in ("fall", "surge") and self.use == "none":
            raise ValueError(f"onset {self.onset!r} needs a change of use")
        if self.reports is not None and self.lasting_months == 0:
            raise ValueError("reports need lasting_months")
        return self

    @property
    def is_harm(self) -> bool:
        """Whether its pairs are to be found."""
        return self.kind == "harm"

    def shares(self) -> np.ndarray:
        """Share of its added reports with each kind of evidence, in the order of `EVIDENCE`."""
        return np.array([self.evidence.get(name, usual) for name, usual in EVIDENCE.items()])


Families = dict[str, Family]


def load(path: Path = SHIPPED) -> Families:
    """Families of a TOML or YAML file by name, in its order.

    Raises:
        FamiliesError: the file can't be read, or a family is wrong; the message names the family and the field.
    """
    table = _table(path)
    if set(table) != {"families"} or not isinstance(table["families"], dict) or not table["families"]:
        raise FamiliesError(f"{path.name}: needs one table, families, that holds each family by its name")
    return {str(name): _family(path, str(name), given) for name, given in table["families"].items()}


def _table(path: Path) -> dict[str, Any]:
    ending = path.suffix.lower()
    if ending not in (".toml", ".yaml", ".yml"):
        raise FamiliesError(f"{path.name} ends in none of .toml, .yaml, .yml")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FamiliesError(f"{path.name} is no text in UTF-8") from error
    if ending == ".toml":
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise FamiliesError(f"{path.name} is no TOML: {error}") from error
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FamiliesError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from error
    return found if isinstance(found, dict) else {}


def _family(path: Path, name: str, given: Any) -> Family:
    if not isinstance(given, dict):
        raise FamiliesError(f"{path.name}: family {name!r} is no table")
    try:
        return Family(**given)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the family"
        raise FamiliesError(f"{path.name}: family {name!r}, {field}: {first['msg']}") from error
    except TypeError as error:
        raise FamiliesError(f"{path.name}: family {name!r} has a field that is no name") from error
