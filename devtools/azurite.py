"""Azurite, Microsoft's local Azure Storage, as a child process: blobs, queues and tables on loopback.

`with Azurite() as azurite:` (or `async with`) gives a running one with empty memory on free ports; `location` keeps the
data in a folder instead. `azurite.connection_string` is what every storage client takes.
"""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Self

from devtools.child import NotReady, end, end_with_parent, wait_until_ready

PROGRAM = Path(__file__).resolve().parent.parent / ".dev/node/node_modules/azurite/dist/src/azurite.js"
# Azurite's well-known development account, the same on every machine: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
LOOPBACK = "127.0.0.1"
READY_WITHIN = timedelta(seconds=60)
STOP_WITHIN = timedelta(seconds=10)
LOG_TAIL = 4000
# Longer than any client keeps an idle connection, so that a client never writes into one that Azurite is closing.
KEEP_ALIVE_SECONDS = 120


class AzuriteError(Exception):
    """Azurite could not be started; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    blob: int
    queue: int
    table: int

    @classmethod
    def standard(cls) -> Self:
        """Azurite's own ports, which `UseDevelopmentStorage=true` means."""
        return cls(10000, 10001, 10002)

    @classmethod
    def free(cls) -> Self:
        """Three ports that nothing listens on now. They are held open together, so that they differ."""
        with _bound(0) as one, _bound(0) as two, _bound(0) as three:
            return cls(*(probe.getsockname()[1] for probe in (one, two, three)))

    def by_service(self) -> dict[str, int]:
        return {"blob": self.blob, "queue": self.queue, "table": self.table}


class Azurite:
    """One Azurite process. Data lives in memory, and goes when it stops, unless `location` names a folder."""

    def __init__(self, *, ports: Ports | None = None, location: Path | None = None) -> None:
        self.ports = ports or Ports.free()
        self._location = location
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def connection_string(self) -> str:
        endpoints = (
            f"{service.capitalize()}Endpoint=http://{LOOPBACK}:{port}/{ACCOUNT}"
            for service, port in self.ports.by_service().items()
        )
        return ";".join(["DefaultEndpointsProtocol=http", f"AccountName={ACCOUNT}", f"AccountKey={KEY}", *endpoints])

    @property
    def pid(self) -> int:
        if self._process is None:
            raise AzuriteError("Azurite has not been started.")
        return self._process.pid

    def start(self) -> None:
        """Start, and return once all three services answer. Raises AzuriteError with the reason, and leaves nothing."""
        words = [_node(), str(_program()), *self._arguments()]
        for port in self.ports.by_service().values():
            _require_free(port)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop
        # A session of its own: Ctrl-C goes to the program that uses Azurite, which stops it last.
        self._process = subprocess.Popen(
            words,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent(),
        )
        try:
            wait_until_ready(self._process, self.ports.by_service().values(), _answers, within=READY_WITHIN)
        except NotReady as reason:
            told = AzuriteError(f"Azurite {reason}. Its last words:\n{self._log_tail()}")
            self.stop()
            raise told from None
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process that `start` began; data in a `location` is on disk when this returns."""
        process, self._process = self._process, None
        if process is not None:
            end(process, within=STOP_WITHIN)
        if self._log is not None:
            self._log.close()

    def _arguments(self) -> list[str]:
        words = ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        for service, port in self.ports.by_service().items():
            words += [f"--{service}Host", LOOPBACK, f"--{service}Port", str(port)]
            words += [f"--{service}KeepAliveTimeout", str(KEEP_ALIVE_SECONDS)]
        if self._location is None:
            return [*words, "--inMemoryPersistence"]
        self._location.mkdir(parents=True, exist_ok=True)
        return [*words, "--location", str(self._location)]

    def _log_tail(self) -> str:
        if self._log is None:
            return ""
        self._log.seek(0)
        return self._log.read()[-LOG_TAIL:].decode(errors="replace").strip() or "(nothing)"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await asyncio.to_thread(self.stop)


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise AzuriteError("Node.js is missing: Azurite needs it. Install Node.js 20 or later and try again.")
    return node


def _program() -> Path:
    if not PROGRAM.exists():
        raise AzuriteError("Azurite is not installed: run `./dev setup` in the project's folder.")
    return PROGRAM


def _bound(port: int) -> socket.socket:
    probe = socket.socket()
    # As Azurite binds: a port that a stopped server left in TIME_WAIT is free.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((LOOPBACK, port))
    except OSError:
        probe.close()
        raise
    return probe


def _require_free(port: int) -> None:
    try:
        _bound(port).close()
    except OSError as error:
        raise AzuriteError(
            f"Port {port} on {LOOPBACK} cannot be used by Azurite: {error.strerror}. "
            "Another Azurite or another program has it; stop that, or choose other ports."
        ) from error


def _answers(port: int) -> bool:
    """Whether a storage service answers here: any HTTP answer will do, a refusal of the unsigned request too."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", f"/{ACCOUNT}?comp=list")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
