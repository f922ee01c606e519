"""Addresses are shown without the secrets that they carry, and spelled for the drivers that are installed."""

from __future__ import annotations

import pytest

from pipelines.core.addresses import because, shown, spelled

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (f"postgresql://me:{SECRET}@db:5432/gerland", "postgresql://me:***@db:5432/gerland"),
        (
            f"postgresql+psycopg2://me:a@{SECRET}/b@db/x?sslmode=require",
            "postgresql+psycopg2://me:***@db/x?sslmode=require",
        ),
        (f"postgresql://db/x?password={SECRET}&user=me", "postgresql://db/x?password=***&user=***"),
        (f"sc://localhost:15002/;token={SECRET}@x;use_ssl=true", "sc://localhost:15002/;token=***;use_ssl=true"),
        (f"https://me:{SECRET}@mlflow.example.org/", "https://me:***@mlflow.example.org/"),
        (f"s3://key:{SECRET}@bucket/lake?region=eu", "s3://key:***@bucket/lake?region=eu"),
        ("sqlite:////srv/me@home/mlflow.db", "sqlite:////srv/me@home/mlflow.db"),
        ("/srv/lake", "/srv/lake"),
    ],
)
def test_no_secret_of_an_address_is_shown(address, said):
    assert shown(address) == said
    assert SECRET not in said


def test_one_spelling_of_postgresql_is_enough():
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        assert spelled(f"{scheme}://db/x") == "postgresql+psycopg2://db/x?connect_timeout=5"
    assert spelled("postgresql://db/x?sslmode=require").endswith("/x?sslmode=require&connect_timeout=5")
    assert spelled("postgresql://db/x?connect_timeout=60").endswith("/x?connect_timeout=60")
    assert spelled(spelled("postgresql://db/x")) == spelled("postgresql://db/x")
    assert spelled("sqlite:///mlflow.db") == "sqlite:///mlflow.db"


def test_the_innermost_cause_is_told_without_what_it_quotes():
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as error:
            raise RuntimeError("a long story") from error
    except RuntimeError as error:
        assert because(error) == "connection refused"
    assert because(ValueError(f"no such host in https://me:{SECRET}@db/x")) == "no such host in https://me:***@db/x"
