"""The local host in a process of its own: another app, another memory, something to kill.

async with HostProcess(app_root, settings={"AzureWebJobsStorage": azurite.connection_string}) as host:
    ...  # host.url, host.pid, await host.run_timer("name"), await host.wait_idle(), await host.kill()
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import IO, Self

import aiohttp

from devtools.child import end_with_parent

from .errors import ConfigurationError, FunctionFailed

_PROJECT = Path(__file__).resolve().parents[2]
_LOG_TAIL = 6000
_READY = b"ready "


class HostProcess:
    """`arguments` are those of the command line (`--keys FILE`, `--no-timers` …). `settings` go over the environment.
    `log` names a file for the log, which is otherwise kept until the end only."""

    def __init__(
        self,
        app_root: Path | str,
        *,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        master_key: str = "",
        ready_within: timedelta = timedelta(seconds=60),
        stop_within: timedelta = timedelta(seconds=30),
        log: Path | None = None,
    ) -> None:
        self._words = ["--app-root", str(Path(app_root).resolve()), "--port", str(port), *arguments]
        self._settings = dict(settings or {})
        self._headers = {"x-functions-key": master_key} if master_key else {}
        self._ready_within = ready_within
        self._stop_within = stop_within
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None
        # The process writes to it as long as it lives.
        self._log: IO[bytes] = log.open("w+b") if log else tempfile.TemporaryFile()  # noqa: SIM115
        self.url = ""

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def log(self) -> str:
        """All that the host has logged so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    async def start(self) -> None:
        """Start, and return when all triggers listen. Raises ConfigurationError with the end of the log."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "devtools.functions_host", *self._words),
            cwd=_PROJECT,
            env={**os.environ, **self._settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            preexec_fn=end_with_parent(),
        )
        try:
            async with asyncio.timeout(self._ready_within.total_seconds()):
                self.url = await self._read_ready_line()
            self._output = asyncio.create_task(self._read_output())
        except TimeoutError:
            await self.kill()
            raise ConfigurationError(f"The host was not ready within {self._ready_within}:\n{self._tail()}") from None
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> int:
        """Ask it to end, wait until it has, and give its exit status. One that does not listen is killed."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(self._stop_within.total_seconds()):
                return await self._process.wait()
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int:
        """End it as a crash would: no message is given back, no function ends."""
        process = self._running()
        if process.returncode is None:
            process.kill()
        return await process.wait()

    async def wait(self) -> int:
        """Wait until it ends, by itself or because somebody ended it; its exit status."""
        return await self._running().wait()

    async def run_timer(self, name: str) -> None:
        """Fire a timer by hand and wait for it. Raises FunctionFailed."""
        status, text = await self._ask("POST", f"/admin/functions/{name}?wait=true", json={"input": ""})
        if status != 200:
            raise FunctionFailed(name, text or f"the host answered {status}")

    async def wait_idle(self, *, within: timedelta = timedelta(seconds=60), delayed: bool = True) -> None:
        """Return when no function runs and the queues that the app listens to are empty. Raises TimeoutError."""
        path = f"/admin/host/idle?within={within.total_seconds()}&delayed={str(delayed).lower()}"
        status, text = await self._ask("GET", path)
        if status != 200:
            raise TimeoutError(text or f"the host answered {status}")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()
        if self._output is not None:
            await self._output
        self._log.close()

    async def _ask(self, method: str, path: str, json: object = None) -> tuple[int, str]:
        no_limit = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(timeout=no_limit, headers=self._headers) as session,
            session.request(method, self.url + path, json=json) as response,
        ):
            return response.status, await response.text()

    async def _read_ready_line(self) -> str:
        """The URL out of the ready line; the app's own prints may come before it."""
        stdout = self._running().stdout
        assert stdout is not None
        while line := await stdout.readline():
            if line.startswith(_READY):
                return line.removeprefix(_READY).decode().strip()
        raise ConfigurationError(f"The host ended before it was ready:\n{self._tail()}")

    async def _read_output(self) -> None:
        """What the app prints goes to the log; unread, it would fill the pipe and stop the app."""
        stdout = self._running().stdout
        assert stdout is not None
        while printed := await stdout.read(65536):
            os.write(self._log.fileno(), printed)

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise ConfigurationError("The host has not been started.")
        return self._process

    def _tail(self) -> str:
        return self.log[-_LOG_TAIL:].strip()
