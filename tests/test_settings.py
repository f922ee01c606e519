"""Settings: typed, from the environment or the file, and a wrong one is named."""

from __future__ import annotations

import os

import pytest

from pipelines.commands.doctor import diagnose, listed
from pipelines.commands.main_job import run_main_job
from pipelines.settings import SettingsError, load


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_SETTINGS", str(tmp_path / "gerland.toml"))
    return tmp_path / "gerland.toml"


def test_the_environment_wins_over_the_file_and_arguments_over_both(elsewhere, monkeypatch):
    elsewhere.write_text('lake = "from file"\nlanding = "from file"\nspark_memory = "1g"\n')
    monkeypatch.setenv("GERLAND_LAKE", "from environment")
    monkeypatch.setenv("GERLAND_LANDING", "from environment")
    settings = load(landing="given")
    assert (str(settings.landing), str(settings.lake), settings.spark_memory) == ("given", "from environment", "1g")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("GERLAND_SHUFFLE_PARTITIONS", "many", "shuffle_partitions"), ("GERLAND_LAEK", "x", "GERLAND_LAEK")],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said):
        load()


def test_a_wrong_line_in_the_file_is_named(elsewhere):
    elsewhere.write_text("lakes = 1\n")
    with pytest.raises(SettingsError, match="lakes"):
        load()
    elsewhere.write_text("lake = \n")
    with pytest.raises(SettingsError, match="can't be read"):
        load()


def test_secrets_are_read_from_files_where_docker_kubernetes_and_systemd_put_them(tmp_path, elsewhere, monkeypatch):
    elsewhere.write_text('workbench = "postgresql://from-file"\ntracking = "postgresql://from-file"\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in {
        "gerland_workbench": "postgresql://me:very-secret@db/w\n",
        "GERLAND_TRACKING": "postgresql://me:very-secret@db/t\n",
        "GERLAND_PSEUDONYM_KEY": "a key of thirty-two characters: here\n",
        "GERLAND_FORMER_PSEUDONYM_KEYS__1": "the key before\n",
        "AWS_SECRET_ACCESS_KEY": "the store's\n",
        "AWS_ACCESS_KEY_ID": "not this one",
        "of_another_program": "nothing to us",
    }.items():
        (secrets / name).write_text(value)
    monkeypatch.setenv("GERLAND_PSEUDONYM_KEY_VERSION", "2")
    monkeypatch.delenv("GERLAND_PSEUDONYM_KEY", raising=False)
    monkeypatch.setenv("GERLAND_TRACKING", "sqlite:///environment.db")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the environment's")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")  # put back as it was when the test ends
    for variable in ("GERLAND_SECRETS", "CREDENTIALS_DIRECTORY"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, str(secrets))
            patch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
            settings = load()
            library = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
            assert library == ("the environment's", "the store's")
            assert settings.workbench == "postgresql+psycopg2://me:very-secret@db/w?connect_timeout=5"
            assert settings.tracking == "sqlite:///environment.db", "the environment wins"
            assert settings.pseudonym_key.get_secret_value() == "a key of thirty-two characters: here"
            assert settings.former_pseudonym_keys[1].get_secret_value() == "the key before"
            told = {name: (value, origin) for name, value, origin in listed(settings)}
            assert told["workbench"] == ("postgresql+psycopg2://me:***@db/w?connect_timeout=5", "secrets")
            assert told["former_pseudonym_keys"][1] == "secrets"
            assert "very-secret" not in str(told) + repr(settings)


def test_a_secret_of_no_setting_and_a_folder_that_is_not_there_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_SECRETS", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"folder of secrets .*none can't be read: no such file"):
        load()
    (tmp_path / "GERLAND_WORKBENHC").write_text("very-secret")
    monkeypatch.setenv("GERLAND_SECRETS", str(tmp_path))
    with pytest.raises(SettingsError, match="GERLAND_WORKBENHC is of no setting"):
        load()


def test_a_wrong_secret_is_named_and_not_quoted(tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_DAGSTER", "mysql://me:very-secret@db/x")
    with pytest.raises(SettingsError, match=r"'dagster' is wrong: .*must be postgresql") as refused:
        load()
    assert "very-secret" not in str(refused.value)


def test_own_case_listings_are_mapped_in_a_small_block(elsewhere):
    elsewhere.write_text('[[case_listings]]\nfiles = "mine/.*csv"\ncase_id = "No"\nproduct = "Drug"\nevent = "PT"\n')
    mapped = load().case_listings[0]
    assert (mapped.case_id, mapped.product, mapped.event, mapped.delimiter) == ("No", "Drug", "PT", ",;\t")


def test_the_pseudonym_key_is_shown_nowhere(monkeypatch):
    monkeypatch.setenv("GERLAND_PSEUDONYM_KEY", "very-secret")
    settings = load()
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in str(list(listed(settings)))
    assert "very-secret" not in str(diagnose(settings))


def test_the_doctor_says_how_to_mend_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    found = {f.name: f for f in diagnose(load(landing=tmp_path / "none", jars=tmp_path, lake=tmp_path / "lake"))}
    assert not found["Java"].is_ok
    assert "Java 17" in found["Java"].mend
    assert "doctor --fix" in found["Jars"].mend
    assert "gerland simulate" in found["Landing zone"].mend
    assert found["Lake"].is_ok


def _refused(**given: object) -> str:
    with pytest.raises(SettingsError) as refused:
        run_main_job({name: str(value) for name, value in given.items()}, [], lambda _: None)
    return str(refused.value)


def test_a_run_that_no_step_of_could_succeed_is_refused_at_once_in_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "landing").mkdir()
    (tmp_path / "file").write_text("not a folder")
    given = {"landing": tmp_path / "landing", "lake": tmp_path / "lake", "reports": tmp_path / "reports"}
    assert "gerland simulate --out" in _refused(**given | {"landing": tmp_path / "none"})
    assert f"{tmp_path}/file is a file" in _refused(**given | {"lake": tmp_path / "file" / "lake"})
    assert f"{tmp_path}/file is a file" in _refused(**given | {"reports": tmp_path / "file" / "reports"})
    assert "percent sign" in _refused(**given | {"lake": tmp_path / "a%20b" / "lake"})
    with monkeypatch.context() as patch:
        patch.setenv("GERLAND_TRACKING", f"sqlite:///{tmp_path}/file/mlflow.db")
        assert "MLflow" in _refused(**given)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "install a Java 17 runtime" in _refused(**given)
    assert not (tmp_path / "lake").exists()
