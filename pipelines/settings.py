"""All settings, typed, in one place. The environment and `gerland.toml` are read here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipelines.core.addresses import is_postgres, is_store, spelled
from pipelines.core.alert import problem

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT if (ROOT / "pyproject.toml").is_file() else Path.cwd()
"""Where data lie unless a setting says otherwise: in the checkout; of an installed package, in the working folder."""


HANDED_ON = {  # secrets that libraries read from the environment
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"),
}
OWN = {"GERLAND_SETTINGS", "GERLAND_SECRETS", "GERLAND_SHARED"}  # names that tell where settings are, or tests look


class SettingsError(Exception):
    """A setting is wrong; the message names it and says what was expected."""


class CaseListing(BaseModel, extra="forbid"):
    """How the columns of a team's own case listing map to case, product and event."""

    files: str = Field(description="Pattern of the file's path in the landing zone, as a regular expression")
    case_id: str = "case_id"
    product: str = "product"
    event: str = "event"
    received_date: str | None = None  # else the delivery's date
    domain: str = "human"
    delimiter: str = ",;\t"  # of several, the one that the header holds most often


class IdentityProvider(BaseModel, extra="forbid"):
    """An OpenID Connect provider that people log in to the workbench by, and what its groups stand for."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,29}$", description="Short name, kept in the audit with each person")
    title: str = Field("", description="Name on the button; else the short one")
    issuer: str = Field(description="Address that its tokens name as their issuer, to the letter")
    client_id: str = Field(description="Name under which the workbench is known to it")
    client_secret_file: Path | None = Field(None, description="File with the secret of that name, if it has one")
    scope: str = Field("openid profile", description="What is asked for, as OpenID Connect names it")
    groups_claim: str = Field("groups", description="Claim of the identity token that lists a person's groups")
    groups: dict[str, str] = Field(description="What a group stands for: AGENCY:role, agencies joined by +")


class Settings(BaseSettings):
    """Where things are and how big the engine is.

    Each can be set as `GERLAND_…`, by a file of that name in a folder of secrets, or in `gerland.toml`. What may carry
    a password is kept out of what a settings object says of itself.
    """

    model_config = SettingsConfigDict(env_prefix="GERLAND_", env_nested_delimiter="__", extra="forbid")

    landing: Path | str = Field(HOME / "data" / "landing", description="Folder with one subfolder per source")
    lake: Path | str = Field(HOME / "data" / "lake", description="Folder or object-store address of the Delta lake")
    reports: Path = Field(HOME / "data" / "reports", description="Folder of the HTML and validation reports")
    site: Path = Field(HOME / "data" / "site", description="Folder of the documentation that `make docs` builds")
    outbox: Path | str | None = Field(
        None, description="Folder of acknowledgements to senders; else beside the reports"
    )
    jars: Path = Field(HOME / "data" / "jars", description="Folder of the Delta jars")
    tracking: str = Field(
        f"sqlite:///{HOME / 'data' / 'mlflow.db'}",
        repr=False,
        description="MLflow tracking address: SQLite, postgresql://… or a server, https://…",
    )
    artifacts: Path | str = Field(HOME / "data" / "mlflow", description="MLflow artifacts")
    workbench: str = Field(
        f"sqlite:///{HOME / 'data' / 'workbench.db'}",
        repr=False,
        description="Address of what people write in the workbench: SQLite, or postgresql://…",
    )
    dagster: str | None = Field(
        None, repr=False, description="Dagster's runs, events and schedules: postgresql://…; else SQLite in its home"
    )
    workbench_address: str | None = Field(
        None, description="Address under which people reach the workbench, where a server stands before it"
    )
    workbench_workers: int | None = Field(
        None, ge=1, le=64, description="Processes that answer for the workbench; else one a core, at most four"
    )
    lake_beside: Path | None = Field(
        None,
        description="Another lake that the workbench sets beside this one, such as a backup from before a change",
    )
    identity_providers: list[IdentityProvider] = Field(
        default_factory=list,
        description="Who says who people are; without any, the demonstration users on simulated files",
    )
    identity_secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="Client secrets, by provider: GERLAND_IDENTITY_SECRETS__NAME=…"
    )
    sources: list[str] = Field(default_factory=list, description="Sources to ingest; all when empty")
    as_of: str | None = Field(None, description="Rebuild what was known on this date (YYYY-MM-DD), beside the lake")
    backups: Path | None = Field(None, description="Folder that the weekly upkeep puts a backup in, one a date")
    backups_kept: int = Field(4, ge=1, description="Backups there that are kept; those made before them are taken away")
    metrics: Path | None = Field(
        None, description="File of figures for Prometheus, such as gerland.prom in the folder of its node exporter"
    )
    lineage: SecretStr | None = Field(
        None, description="Where OpenLineage events of each run go: https://… of a server, or a file"
    )
    keep_days: int = Field(14, ge=1, description="Days that files which no version of a table stands on are kept")
    spark_master: str = Field("local[*]", description="Spark master of the embedded session")
    spark_remote: str | None = Field(
        None, repr=False, description="Spark Connect address, sc://…; when set, no embedded session is made"
    )
    spark_memory: str = Field("4g", description="Memory of the embedded driver")
    spark_conf: dict[str, str] = Field(default_factory=dict, repr=False, description="More Spark settings")
    shuffle_partitions: int = Field(4, ge=1, description="Shuffle partitions of the embedded session")
    alert: SecretStr | None = Field(
        None, description="Who is told of a failed run: https://… (a webhook) or mailto:name@host; else the log"
    )
    mail_server: str = Field("localhost", description="Mail server that takes these messages, as host or host:port")
    pseudonym_key: SecretStr | None = Field(
        None,
        description="Key of the pseudonyms; without one, files with identifiers that are not simulated are refused",
    )
    pseudonym_key_version: int = Field(1, ge=1, description="Version of that key, written before each pseudonym")
    former_pseudonym_keys: dict[int, SecretStr] = Field(
        default_factory=dict, description="Keys before it, by version: GERLAND_FORMER_PSEUDONYM_KEYS__1=…"
    )
    mgps_likelihood: str = Field("zero_inclusive", description="Likelihood of the two-gamma prior")
    minimum_reports: int = Field(500, ge=1, description="Smallest population in which disproportionality is computed")
    minimum_subgroup_reports: int = Field(5000, ge=1, description="Smallest part of a population that is scored")
    lasso_minimum_reports: int = Field(500, ge=50, description="Fewest reports of an event that the lasso explains")
    reference: Path | None = Field(
        None, description="CSV of pairs, true or not, that the methods are judged by; else the truth of a simulation"
    )
    triage_workload: int = Field(10, ge=1, description="New pairs that gold.triage lists a month and agency")
    signal_months: Literal["all", "latest"] = Field("all", description="Month ends that gold.signal holds")
    case_listings: list[CaseListing] = Field(default_factory=list, description="Own case listings and their columns")

    def identity_secret(self, name: str) -> SecretStr | None:
        """Secret under which an identity provider knows the workbench: of the environment, else of its file.

        Raises `SettingsError` for a file that can't be read or is empty.
        """
        file = next((p.client_secret_file for p in self.identity_providers if p.name == name), None)
        if name in self.identity_secrets or file is None:
            return self.identity_secrets.get(name)
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"the secret of identity provider {name!r} can't be read: {type(error).__name__}"
            ) from None
        if not secret:
            raise SettingsError(f"the file with the secret of identity provider {name!r} is empty")
        return SecretStr(secret)

    @field_validator("pseudonym_key")
    @classmethod
    def _blank_is_no_key(cls, key: SecretStr | None) -> SecretStr | None:
        return key if key and key.get_secret_value().strip() else None

    @field_validator("tracking", "workbench", "dagster")
    @classmethod
    def _spelled(cls, address: str | None) -> str | None:
        return address and spelled(address)

    @field_validator("landing", "lake", "outbox")
    @classmethod
    def _is_a_folder_or_a_store(cls, where: Path | str | None) -> Path | str | None:
        if where is not None:
            is_store(str(where))
        return where

    @field_validator("dagster")
    @classmethod
    def _dagster_is_postgres(cls, address: str | None) -> str | None:
        if address and not is_postgres(address):
            raise ValueError("must be postgresql://…; without it Dagster keeps SQLite files in its home")
        return address or None

    @field_validator("spark_remote")
    @classmethod
    def _blank_is_no_server(cls, address: str | None) -> str | None:
        return address or None

    @field_validator("alert")
    @classmethod
    def _alert_can_be_sent(cls, address: SecretStr | None) -> SecretStr | None:
        if address and (found := problem(address.get_secret_value())):
            raise ValueError(found)
        return address

    @model_validator(mode="after")
    def _former_keys_come_before(self) -> Settings:
        if self.former_pseudonym_keys and self.pseudonym_key is None:
            raise ValueError("former pseudonym keys stand without GERLAND_PSEUDONYM_KEY")
        if any(version >= self.pseudonym_key_version for version in self.former_pseudonym_keys):
            raise ValueError("former pseudonym keys must have lower versions than GERLAND_PSEUDONYM_KEY_VERSION")
        return self

    @property
    def on_object_store(self) -> bool:
        """Whether the engine reads or writes an object store."""
        return any(is_store(str(place)) for place in (self.landing, self.lake))

    @property
    def is_local(self) -> bool:
        """Whether the engine and its tasks run in this process's machine alone."""
        return self.spark_remote is None and self.spark_master.startswith("local")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over files of secrets, these over the settings file."""
        secrets = NestedSecretsSettingsSource(
            file_secret_settings, secrets_dir=secret_folders(), secrets_prefix="GERLAND_", secrets_dir_missing="error"
        )
        return init_settings, env_settings, secrets, TomlConfigSettingsSource(settings_cls, toml_file=settings_file())


def settings_file() -> Path:
    """The settings file: `GERLAND_SETTINGS`, else `gerland.toml` in the working folder."""
    return Path(os.environ.get("GERLAND_SETTINGS", "gerland.toml"))


def secret_folders() -> list[Path]:
    """Folders with a file a secret, named as the setting is in the environment: Docker's, Kubernetes', systemd's.

    `GERLAND_SECRETS` names one; the other is where systemd puts what a unit loads with `LoadCredential=`.
    """
    named = [os.environ.get(name) for name in ("CREDENTIALS_DIRECTORY", "GERLAND_SECRETS")]
    return [Path(folder) for folder in named if folder]


def origin(name: str) -> str:
    """Where the value of a setting comes from, if it is not the default."""
    named = f"GERLAND_{name.upper()}"
    if any(found.split("__")[0] == named for found in os.environ):
        return "environment"
    if any(found.name.upper().split("__")[0] == named for found in _secrets()):
        return "secrets"
    return str(settings_file())


def load(**overrides: Any) -> Settings:
    """Read the settings; raises `SettingsError` naming the setting that is wrong, and never its value.

    Secrets of libraries that lie in a folder of secrets are put into the environment, where their libraries look.
    """
    _refuse_unknown()
    _hand_on()
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "pseudonym_key_version"
        raise SettingsError(
            f"setting {name!r} is wrong: {first['msg'].lower()} (environment, or {settings_file()})"
        ) from None
    except ValueError as error:
        raise SettingsError(f"{settings_file()} can't be read: {error}") from None


def _refuse_unknown() -> None:
    known = {f"GERLAND_{name}".upper() for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith("GERLAND_") and name.split("__")[0] not in known | OWN:
            raise SettingsError(f"setting {name} is unknown; `gerland doctor` lists the settings")
    for file in _secrets():
        if file.name.upper().split("__")[0] not in known:
            raise SettingsError(f"the secret {file} is of no setting; `gerland doctor` lists the settings")


def _hand_on() -> None:
    for file in _secrets(HANDED_ON.__contains__):
        os.environ.setdefault(file.name.upper(), file.read_text().strip())


def _secrets(is_wanted: Callable[[str], bool] = lambda name: name.startswith("GERLAND_")) -> list[Path]:
    """Files of secrets, by default ours; raises `SettingsError` where a folder can't be read."""
    found = []
    for folder in secret_folders():
        try:
            found += [file for file in folder.iterdir() if is_wanted(file.name.upper())]
        except OSError as error:
            why = (error.strerror or "unknown").lower()
            raise SettingsError(f"the folder of secrets {folder} can't be read: {why}") from None
    return found


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return load()
