"""Azurite, the Exchange simulator and the functions host, on loopback.

    async with Stack(ExchangeSimulator()) as stack:
        await stack.configure()
        stack.exchange.add_mailbox("alice@contoso.example")
        await stack.application.put_operator("alice", "alice@contoso.example")

Storage and the functions are processes of their own and are ended by their ids, also on Ctrl-C and after an error.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from devtools.azurite import Azurite, AzuriteError
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER, ExchangeSimulator
from devtools.functions_host.errors import ConfigurationError
from devtools.functions_host.process import HostProcess
from devtools.stack.application import Application
from shared.model.configuration import merge_patch
from shared.settings import ENVIRONMENT

PROJECT = Path(__file__).resolve().parents[2]
SCHEDULES = {one.name: one.default for one in ENVIRONMENT if one.name.startswith("SCHEDULE_")}


class StackError(Exception):
    """A part could not be started; the text says which, why and what to do."""


class Stack:
    """The parts together. `exchange` None: a real Exchange is used, which is configured by the caller.

    `settings` are more environment settings of the functions; `arguments` those of the functions host; `log` its file.
    """

    def __init__(
        self,
        exchange: ExchangeSimulator | None,
        *,
        azurite: Azurite | None = None,
        functions_port: int = 0,
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        log: Path | None = None,
    ) -> None:
        self.azurite = azurite or Azurite()
        self._exchange = exchange
        self._port = functions_port
        self._settings = {
            **SCHEDULES,
            "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
            "EXSYNC_SECRET_LISTENER_KEY": secrets.token_urlsafe(32),
            **(settings or {}),
        }
        if exchange is not None:
            self._settings |= {
                "EXSYNC_SECRET_DEFAULT_USERNAME": DEFAULT_USER,
                "EXSYNC_SECRET_DEFAULT_PASSWORD": DEFAULT_PASSWORD,
            }
        self._arguments = list(arguments)
        self._log = log
        self._parts = AsyncExitStack()
        self._host: HostProcess | None = None
        self._application: Application | None = None

    @property
    def exchange(self) -> ExchangeSimulator:
        """The simulator, with its object API."""
        if self._exchange is None:
            raise StackError("There is no simulator: a real Exchange is used.")
        return self._exchange

    @property
    def host(self) -> HostProcess:
        """The functions' process."""
        if self._host is None:
            raise StackError("The functions are not running.")
        return self._host

    @property
    def application(self) -> Application:
        """A client of the HTTP interface."""
        if self._application is None:
            raise StackError("The functions are not running.")
        return self._application

    @property
    def listener_url(self) -> str:
        """Where Exchange sends notifications, without a mailbox's key: the setting `notifications.url`."""
        return f"{self.host.url}/api/ews/notifications"

    async def start(self) -> None:
        """Start all parts, and return when they answer. Raises StackError with nothing left running."""
        async with AsyncExitStack() as parts:
            try:
                folder = parts.enter_context(TemporaryDirectory(prefix="exsync-secrets-"))
                self._settings.setdefault("EXSYNC_SECRETS_FOLDER", folder)
                await parts.enter_async_context(self.azurite)
                if self._exchange is not None:
                    await parts.enter_async_context(self._exchange)
                parts.push_async_callback(self._stop_host)
                await self.start_host()
            except (AzuriteError, ConfigurationError, OSError) as error:
                raise StackError(str(error)) from error
            self._parts = parts.pop_all()

    async def stop(self) -> None:
        """End all parts: the functions first, storage last."""
        await self._parts.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start_host(self) -> None:
        """Start the functions; again, after `kill_host`, under the same URL."""
        settings = {"AzureWebJobsStorage": self.azurite.connection_string, **self._settings}
        self._host = HostProcess(PROJECT, port=self._port, settings=settings, arguments=self._arguments, log=self._log)
        await self._host.start()
        self._port = int(self._host.url.rpartition(":")[2])
        if self._application is None:
            self._application = Application(self._host.url)

    async def kill_host(self) -> None:
        """End the functions as a crash would: nothing is finished, nothing is given back."""
        await self.host.kill()
        await self.host.__aexit__()

    async def restart_host(self, **settings: str) -> None:
        """End the functions in order and start them under the same URL, with some settings changed."""
        self._settings |= settings
        await self.host.__aexit__()
        await self.start_host()

    async def _stop_host(self) -> None:
        if self._application is not None:
            await self._application.http.aclose()
        if self._host is not None:
            await self._host.__aexit__()

    async def configure(self, **more: Any) -> None:
        """Write the settings that the simulator needs, and switch email on. `more` are other parts of the document."""
        connection = {"url": self.exchange.url, "version": "Exchange2016", "authentication": "basic"}
        patch: dict[str, Any] = {
            "connections": {"default": connection},
            "notifications": {"mode": "push", "url": self.listener_url},
            "email": {"enabled": True},
        }
        patch = merge_patch(patch, more)
        await self.application.configure(patch, secret=DEFAULT_PASSWORD)
