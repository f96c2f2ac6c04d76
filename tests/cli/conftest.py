"""A deployed app as the command meets it: a server on loopback, over http or https, that answers as a test says."""

import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.making_certificates import Made, make, server_context

AUTHORITY = make("Contoso CA", authority=True)


@dataclass
class Answer:
    """One answer; `body` is JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class App:
    """The server: its URL, what it was asked (method, path, headers), and what it answers by method and path. Several
    answers are given in turn, the last one again and again."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def says(self, call: str, *answers: Answer) -> None:
        self.answers[call] = list(answers)

    def answer(self, call: str) -> Answer:
        found = self.answers.get(call, [Answer(404, b"")])
        return found.pop(0) if len(found) > 1 else found[0]


type Serving = Callable[..., AbstractContextManager[App]]


def _handler(app: App) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            app.asked.append((self.command, self.path, headers))
            answer = app.answer(f"{self.command} {self.path}")
            self.send_response_only(answer.status)
            usual = {"Date": self.date_time_string(), "Content-Length": str(len(answer.content))}
            for name, value in {**usual, **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever only looks at the certificate goes without a word."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(own: Made | None = None) -> Iterator[App]:
    app = App()
    server = _Server(("127.0.0.1", 0), _handler(app))
    if own is not None:
        context: ssl.SSLContext = server_context(own)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    app.url = f"{'https://localhost' if own else 'http://127.0.0.1'}:{server.server_port}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def app() -> Iterator[App]:
    """Over http, on this machine."""
    with serving() as running:
        yield running


@pytest.fixture
def secure_app() -> Iterator[App]:
    """Over https, with a certificate of a company's own authority."""
    with serving(make("localhost", by=AUTHORITY)) as running:
        yield running


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    """The file of that authority."""
    file = tmp_path / "ca.pem"
    file.write_text(AUTHORITY.pem)
    return file


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's own: settings, proxies, profiles."""
    for name in ("URL", "KEY", "AUTH", "SCOPE", "CA", "PROFILE"):
        monkeypatch.delenv(f"EXSYNC_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
