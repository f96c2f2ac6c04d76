"""How we sign in: the value of the Authorization header, for HTTP Basic and for OAuth 2.0. PROTOCOL 3."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from shared.adapters.ews.bearer import BearerToken
from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.ews.connection import BASIC, OAUTH, Connection
from shared.errors import Reconfigure, SyncError


class Authorization:
    """The credentials of one connection. What was refused is not sent again for a while.

    That guards the account: a hundred mailboxes with one wrong password would lock it within seconds.
    """

    def __init__(
        self,
        connection: Connection,
        secrets: CachedSecrets,
        now: Callable[[], datetime],
        *,
        hold_after_refusal: timedelta,
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._now = now
        self._hold = hold_after_refusal
        self._bearer = BearerToken(connection, secrets, now, hold_after_refusal=hold_after_refusal)
        self._refused: tuple[str, datetime, SyncError] | None = None
        self._accepted = ""
        self._proving = asyncio.Lock()

    @asynccontextmanager
    async def signed(self, trust: ssl.SSLContext) -> AsyncIterator[str]:
        """The header's value, fetching a token where one is needed. A password is first proved by one request alone.

        Raises the last refusal while it holds, and Reconfigure or Transient for missing secrets and tokens.
        """
        value = await self._header(trust)
        if self._connection.authentication == BASIC and value != self._accepted:
            async with self._proving:
                value = await self._header(trust)
                if value != self._accepted:
                    yield value
                    return
        yield value

    def accepted(self, value: str) -> None:
        """The server took this value: any number of requests may use it at once."""
        self._accepted = value

    async def _header(self, trust: ssl.SSLContext) -> str:
        if self._connection.authentication == OAUTH:
            return "Bearer " + await self._bearer.current(trust)
        if self._connection.authentication == BASIC:
            value = await self._basic()
            self._raise_while_refused(value)
            return value
        raise Reconfigure(
            "authentication-unsupported",
            f"connections.{self._connection.name}.authentication is {self._connection.authentication!r}; "
            f"it can be {BASIC} or {OAUTH}",
        )

    def refused(self, value: str, why: SyncError, *, again: bool) -> None:
        """The server refused this value. A user name and password are not tried twice; a token is renewed once."""
        if self._connection.authentication == OAUTH:
            self._bearer.refused(value.removeprefix("Bearer "), why, again=again)
            return
        self._secrets.forget(*self._secret_names())
        self._accepted = ""
        self._refused = value, self._now() + self._hold, why

    def _raise_while_refused(self, value: str) -> None:
        if self._refused is not None and self._refused[0] == value and self._now() < self._refused[1]:
            why = self._refused[2]
            self._secrets.doubt(*self._secret_names())
            raise type(why)(why.code, why.detail)

    def _secret_names(self) -> tuple[str, ...]:
        return tuple(f"{self._connection.name}-{kind}" for kind in ("username", "password"))

    async def _basic(self) -> str:
        user = await self._secrets.require(f"{self._connection.name}-username")
        password = await self._secrets.require(f"{self._connection.name}-password")
        return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
