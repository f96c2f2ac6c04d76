"""The simulated Exchange as a process of its own, so that its CPU is nobody's; driven by its control API."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from devtools.child import end
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER, PATH

PROJECT = Path(__file__).resolve().parents[1]
USER, PASSWORD = DEFAULT_USER, DEFAULT_PASSWORD
_SLOWEST_CONTROL_SECONDS = 120.0
_ENDS_WITHIN = timedelta(seconds=10)


class ExchangeProcess:
    """`with ExchangeProcess() as exchange:` gives a running server; `url` is its EWS endpoint."""

    def __init__(self, *mailboxes: str) -> None:
        self._words = [word for address in mailboxes for word in ("--mailbox", address)]
        self._process: subprocess.Popen[str] | None = None
        self._client = httpx.Client(timeout=_SLOWEST_CONTROL_SECONDS, trust_env=False)
        self.url = ""

    def __enter__(self) -> Self:
        words = [sys.executable, "-m", "devtools.exchange_simulator", "--port", "0", *self._words]
        self._process = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self.__exit__()
            raise RuntimeError(f"the simulator did not start; it said {line!r}")
        self.url = line.removeprefix("ready ").strip()
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        if self._process is not None:
            end(self._process, within=_ENDS_WITHIN)

    @property
    def pid(self) -> int:
        """The process of the running server."""
        if self._process is None:
            raise RuntimeError("the simulator is not running")
        return self._process.pid

    @property
    def control(self) -> str:
        """Where the control API is."""
        return self.url.removesuffix(PATH) + "/control"

    def do(self, method: str, path: str, *, raw: bytes | None = None, json: Any = None, **query: str) -> Any:
        """One call of the control API; what it answers. Raises for anything but success."""
        answer = self._client.request(method, self.control + path, content=raw, json=json, params=query)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.json()

    def add_mailboxes(self, addresses: Iterable[str]) -> None:
        """Create mailboxes."""
        for address in addresses:
            self.do("POST", "/mailboxes", json={"address": address})

    def deliver(self, address: str, raw: bytes) -> str:
        """Deliver one message to the Inbox; its ItemId."""
        return str(self.do("POST", f"/mailboxes/{address}/deliver", raw=raw)["id"])

    def fill(self, address: str, count: int, **options: Any) -> None:
        """Put `count` generated mails of 10 KB into a folder without notifications."""
        self.do("POST", f"/mailboxes/{address}/fill", json={"count": count, **options})

    def delay(self, milliseconds: int) -> None:
        """Make every EWS request wait before it is answered."""
        self.do("PUT", "/latency", json={"milliseconds": milliseconds})
