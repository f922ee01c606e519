"""OpenLineage events say what a run made of what, by names and numbers; nothing that stands in a row."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest
from pydantic import SecretStr

from pipelines.settings import load
from pipelines.upkeep.lineage import emit

NAME = "DUPONT-1947"
TOLD = {"dagster/row_count": 7, "bytes": 300, "table version": "abc@1"}


@dg.asset(key=["silver", "duplicate_link"])
def links():
    return dg.MaterializeResult(metadata=TOLD)


@dg.asset(key=["bronze", "faers_drug"])
def landed():
    return dg.MaterializeResult(metadata=TOLD)


@dg.asset(key=["silver", "stratum"])
def falls():
    raise ValueError(NAME)


@pytest.fixture(scope="module")
def run():
    with dg.DagsterInstance.ephemeral() as instance:
        assets = [links, landed, falls]
        job = dg.Definitions(assets, jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        yield instance, job.execute_in_process(instance=instance, raise_on_error=False).dagster_run


def test_each_table_is_told_with_what_it_is_made_of_its_columns_rows_and_version(run, tmp_path):
    file = tmp_path / "lineage.jsonl"
    settings = load(lake="s3://bucket/lake", landing=str(tmp_path / "landing"), lineage=SecretStr(str(file)))
    assert emit(settings, *run) == 3
    assert NAME not in file.read_text()
    told = {event["job"]["name"]: event for event in map(json.loads, file.read_text().splitlines())}
    linked = told["silver__duplicate_link"]
    assert linked["eventType"] == "COMPLETE"
    assert linked["run"]["facets"]["parent"]["run"]["runId"] == run[1].run_id
    (made,) = linked["outputs"]
    assert (made["namespace"], made["name"]) == ("s3://bucket", "lake/silver/duplicate_link")
    assert made["outputFacets"]["outputStatistics"]["rowCount"] == 7
    assert made["facets"]["version"]["datasetVersion"] == "abc@1"
    assert "report_key" in {field["name"] for field in made["facets"]["schema"]["fields"]}
    assert "lake/silver/report_history" in {read["name"] for read in linked["inputs"]}
    (source,) = told["bronze__faers_drug"]["inputs"]
    assert (source["namespace"], source["name"]) == ("file", str(tmp_path / "landing" / "faers"))
    assert (told["silver__stratum"]["eventType"], told["silver__stratum"]["outputs"]) == ("FAIL", [])


def test_events_are_posted_to_a_server(run):
    got = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert emit(load(lineage=SecretStr(f"http://127.0.0.1:{server.server_port}")), *run) == 3
    finally:
        server.shutdown()
        server.server_close()
    assert {path for path, _ in got} == {"/api/v1/lineage"}
    assert {event["job"]["namespace"] for _, event in got} == {"gerland"}
