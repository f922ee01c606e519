"""What `infra/` ships is held against its schemas and against the code: no setting, service or port that is not there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from pipelines.commands.services import SERVICES
from pipelines.settings import HANDED_ON, OWN, Settings

INFRA = Path(__file__).resolve().parents[2] / "infra"
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text())
MANIFESTS = sorted((INFRA / "kubernetes").glob("*.yaml"))
RESOURCES = [
    resource
    for file in MANIFESTS
    if file.name != "kustomization.yaml"
    for resource in yaml.safe_load_all(file.read_text())
]
DEPLOYMENTS = {r["metadata"]["name"]: r for r in RESOURCES if r["kind"] == "Deployment"}
KUBERNETES = "1.33"
KNOWN = {f"GERLAND_{name}".upper() for name in Settings.model_fields} | OWN
PINNED = re.compile(r":v?\d+\.\d+(\.\d+)?(-\w+)?$")


def served(command: list[str]) -> str:
    assert command[0] == "serve"
    assert command[1] in SERVICES
    return command[1]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_of_compose_is_pinned_watched_bounded_and_its_log_rotates(name):
    service = COMPOSE["services"][name]
    assert PINNED.search(service["image"])
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["restart"] == "unless-stopped"
    assert service["security_opt"] == ["no-new-privileges:true"]
    own = {key for key in service.get("environment", {}) if key.startswith("GERLAND_")}
    assert own <= KNOWN | {"GERLAND_DOMAIN"}
    for secret in service.get("secrets", []):
        assert secret in COMPOSE["secrets"]
        assert not secret.startswith("GERLAND_") or secret in KNOWN
        assert not secret.startswith("AWS_") or secret in HANDED_ON
    for needed in service.get("depends_on", {}):
        assert needed in COMPOSE["services"]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (INFRA / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_the_services_of_ours_are_those_of_the_command_and_asked_at_their_ports():
    ours = {n: s for n, s in COMPOSE["services"].items() if s["image"].startswith("gerland:")}
    assert {served(s["command"]) for s in ours.values()} == set(SERVICES)
    for name, service in ours.items():
        asked = " ".join(service["healthcheck"]["test"])
        if name not in ("daemon", "master", "worker"):
            assert str(SERVICES[name].port) in asked


def test_only_the_proxy_is_reached_from_outside_and_it_logs_people_in():
    assert [n for n, s in COMPOSE["services"].items() if "ports" in s] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    file = (INFRA / "compose" / "Caddyfile").read_text()
    assert re.findall(r"import login (\w+):(\d+)", file) == [
        (name, str(SERVICES[name].port)) for name in ("dagster", "mlflow")
    ]
    assert f"reverse_proxy workbench:{SERVICES['workbench'].port}" in file


def test_every_variable_of_compose_is_in_the_example_or_has_a_default():
    text = (INFRA / "compose.yaml").read_text()
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)(?::\?[^}]*)?\}", text))
    given = set(re.findall(r"^(\w+)=", (INFRA / "compose" / "example.env").read_text(), re.MULTILINE))
    assert asked <= given


def test_the_secrets_of_compose_are_made_by_the_script_and_are_their_owners(tmp_path):
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run([INFRA / "make_secrets.sh", folder], check=True, capture_output=True)
        found = {file.name: file.read_text() for file in folder.iterdir()}
    assert set(found) == set(COMPOSE["secrets"])
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert [name for name, text in found.items() if not text] == ["oauth2_client_secret"]
    assert found["postgres_password"].strip() in found["GERLAND_TRACKING"]
    assert len(found["oauth2_cookie_secret"]) == 44
    again = {file.name: file.read_text() for file in folder.iterdir()}
    assert again == found, "a second call makes no secret anew"


def test_the_image_takes_locked_packages_and_runs_as_nobody_in_particular():
    text = (INFRA / "Dockerfile").read_text()
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.search(r":\d+\.\d+\.\d+-", image)
    assert "--require-hashes -r requirements.lock" in text
    assert "python -m infra.jars s3" in text
    assert text.rindex("USER 10001:10001") > text.rindex("RUN ")
    assert "\nHEALTHCHECK " in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_the_units_are_well_formed_and_confined(tmp_path):
    for source in (INFRA / "systemd").glob("gerland*"):
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / source.name)
    unit = tmp_path / "gerland@.service"
    text = unit.read_text()
    assert served(re.findall(r"^ExecStart=\S+/gerland (.*)$", text, re.MULTILINE)[0].replace("%i", "code").split())
    unit.write_text(text.replace("/opt/gerland/.venv/bin/gerland", "/bin/true"))
    wanted = re.findall(r"gerland@(\w+)\.service", (INFRA / "systemd" / "gerland.target").read_text())
    assert set(wanted) < set(SERVICES)
    for name in wanted:
        shutil.copy(unit, tmp_path / f"gerland@{name}.service")
    units = [tmp_path / "gerland.target", *(tmp_path / f"gerland@{name}.service" for name in wanted)]
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (told.returncode, [line for line in told.stderr.splitlines() if "gerland" in line]) == (0, [])
    exposed = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", unit], capture_output=True
    )
    assert exposed.returncode == 0, "exposure above 2.0 of 10"


def test_every_resource_fits_the_schema_of_kubernetes():
    for resource in RESOURCES:
        kubernetes_validate.validate(resource, KUBERNETES, strict=True)


def test_the_kustomization_holds_every_manifest_and_real_settings():
    told = yaml.safe_load((INFRA / "kubernetes" / "kustomization.yaml").read_text())
    assert set(told["resources"]) == {f.name for f in MANIFESTS} - {"kustomization.yaml"}
    settings = (INFRA / "kubernetes" / "settings.env").read_text()
    names = {line.split("=")[0] for line in settings.splitlines()}
    assert {name for name in names if name.startswith("GERLAND_")} <= KNOWN
    assert not {"Secret"} & {r["kind"] for r in RESOURCES}, "secrets are named, never shipped"
    for name in DEPLOYMENTS.keys() - {"login"}:
        assert served(container(name)["args"])
        for given in container(name).get("env", []):
            assert not given["name"].startswith("GERLAND_") or given["name"] in KNOWN


def container(name: str) -> dict:
    (only,) = DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"]
    return only


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_pod_is_watched_bounded_confined_and_reached_by_nobody_unnamed(name):
    pod, one = DEPLOYMENTS[name]["spec"]["template"]["spec"], container(name)
    assert {"livenessProbe", "readinessProbe"} <= one.keys()
    assert one["resources"]["limits"].keys() == one["resources"]["requests"].keys() == {"cpu", "memory"}
    assert one["securityContext"]["readOnlyRootFilesystem"]
    assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert {mount["name"] for mount in one["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    claims = {r["metadata"]["name"] for r in RESOURCES if r["kind"] == "PersistentVolumeClaim"}
    assert {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v} <= claims
    nobody = next(r for r in RESOURCES if r["kind"] == "NetworkPolicy" and r["spec"]["podSelector"] == {})
    assert nobody["spec"]["policyTypes"] == ["Ingress"]


def test_every_service_and_page_leads_to_a_pod_that_listens_there():
    services = {r["metadata"]["name"]: r["spec"] for r in RESOURCES if r["kind"] == "Service"}
    for name, spec in services.items():
        assert spec["selector"]["app.kubernetes.io/name"] in DEPLOYMENTS
        if name in SERVICES:
            assert SERVICES[name].port in {port["port"] for port in spec["ports"]}
    for ingress in (r for r in RESOURCES if r["kind"] == "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                to = path["backend"]["service"]
                assert to["port"]["number"] in {port["port"] for port in services[to["name"]]["ports"]}
