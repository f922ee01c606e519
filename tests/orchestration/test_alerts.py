"""Who is told when a run fails, by which way, and what is not said."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
import requests

from expectations.compile import WARNING, Rule
from expectations.outcomes import keep
from expectations.run import Outcome
from pipelines.core.alert import problem, send
from pipelines.defs.alerts import rule_broken, run_failed
from pipelines.defs.resources import PlatformResource
from pipelines.orchestration.errors import without_values
from pipelines.settings import SettingsError, load

NAME = "DUPONT-1947"


@dg.asset
@without_values
def falls(context: dg.AssetExecutionContext) -> None:
    {}[NAME]


class Hook(BaseHTTPRequestHandler):
    """A webhook that keeps what it is sent, and answers as its path says."""

    said: list[dict]

    def do_POST(self):
        self.said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(int(self.path.rsplit("/", 1)[-1]))
        self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def hook():
    Hook.said = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def a_failed_run(instance):
    job = dg.Definitions([falls], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    event = next(e for e in result.all_events if e.event_type == dg.DagsterEventType.RUN_FAILURE)
    return dg.build_run_status_sensor_context("run_failed", event, instance, result.dagster_run).for_run_failure()


def test_a_failed_run_is_told_with_its_steps_and_kinds_of_errors_and_no_value(hook, tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_ALERT", f"{hook}/token/200")
    with dg.DagsterInstance.ephemeral() as instance:
        context = a_failed_run(instance)
        run_failed(context, platform=PlatformResource(lake=str(tmp_path / "lake")))
    (message,) = Hook.said
    assert message["text"].splitlines()[1:] == ["falls: StepFailed"]
    assert f"run {context.dagster_run.run_id[:8]} of all failed" in message["text"]
    assert NAME not in str(message)
    assert not (tmp_path / "lake").exists(), "who only tells holds no lake"


def broken(n: int, name: str) -> Outcome:
    rule = Rule(name, "bronze.faers_drug", None, "arrival", WARNING, 1.0, "look", "files come in time")
    return Outcome(rule, n == 0, 10, n, f"{n} files such as {NAME}.csv")


def test_a_rule_that_is_newly_broken_is_told_once_and_again_when_it_was_mended(hook, tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_ALERT", f"{hook}/token/200")
    platform = {"platform": PlatformResource(lake=str(tmp_path / "lake"), reports=str(tmp_path / "reports"))}

    def look(cursor: str | None = None) -> str | None:
        context = dg.build_sensor_context(cursor=cursor, resources=platform)
        return rule_broken.evaluate_tick(context).cursor

    seen = look()
    assert Hook.said == []
    keep(broken(3, "delivered_in_time"), tmp_path / "reports")
    seen = look(look(seen))
    line = "bronze.faers_drug: files come in time (3 of 10, warning)"
    assert [said["text"] for said in Hook.said] == [f"Gerland: 1 rules are newly broken\n{line}"]
    keep(broken(0, "delivered_in_time"), tmp_path / "reports")
    keep(broken(1, "refused"), tmp_path / "reports")
    seen = look(seen)
    assert json.loads(seen) == ["bronze.faers_drug refused"]
    keep(broken(3, "delivered_in_time"), tmp_path / "reports")
    look(seen)
    assert len(Hook.said) == 3
    assert NAME not in str(Hook.said)


def test_a_webhook_that_refuses_is_an_error_that_does_not_quote_its_address(hook):
    with pytest.raises(requests.RequestException, match=r"^the webhook answered 500$"):
        send("s", "t", f"{hook}/token/500", "")


def test_a_message_is_mailed():
    got = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: got.extend(_taken(server)))
        thread.start()
        send("Run failed", "one: StepFailed", "mailto:signals@example.org", f"127.0.0.1:{server.getsockname()[1]}")
        thread.join(10)
    text = b"".join(got)
    assert b"Subject: Run failed" in text
    assert b"To: signals@example.org" in text
    assert b"one: StepFailed" in text


def _taken(server):
    """Take one mail, as a mail server does (RFC 5321)."""
    connection, _ = server.accept()
    with connection, connection.makefile("rwb") as lines:

        def answer(words):
            lines.write(words + b"\r\n")
            lines.flush()

        answer(b"220 here")
        while line := lines.readline():
            if line.upper().startswith(b"DATA"):
                answer(b"354 go on")
                while (line := lines.readline()) != b".\r\n":
                    yield line
            answer(b"221 bye" if line.upper().startswith(b"QUIT") else b"250 well")


def test_an_address_that_no_message_can_be_sent_to_is_refused_with_the_settings(monkeypatch):
    assert problem("https://hooks.example.org/x") is None
    for wrong in ("hooks.example.org", "ftp://x", "mailto:nobody", "https://"):
        assert problem(wrong)
        monkeypatch.setenv("GERLAND_ALERT", wrong)
        with pytest.raises(SettingsError, match="alert"):
            load()
