"""A health check says whether a service answers, and why it does not."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from infra.health import problem


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


def test_what_answers_is_well_and_what_does_not_says_why():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for scheme in ("tcp", "http"):
            said = problem(f"{scheme}://127.0.0.1:{nobody.getsockname()[1]}/health")
            assert said
            assert "refused" in said
    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        at = f"127.0.0.1:{server.server_port}"
        assert problem(f"http://{at}/health") is None
        assert problem(f"tcp://{at}") is None
        assert problem(f"http://{at}/ailing") is not None
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(ValueError, match="neither http"):
        problem("ftp://127.0.0.1:1/x")
