"""How we sign in: by a header (HTTP Basic, OAuth 2.0), or by the account that a connection is signed in as (NTLM). PROTOCOL 3."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.adapters.ews.bearer import HOLD_WHEN_LOCKED, BearerToken
from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.ews.connection import BASIC, NTLM, OAUTH, Connection
from shared.adapters.ews.ntlm import Account
from shared.adapters.ews.refused_tokens import RENEWED
from shared.errors import Reconfigure, SyncError


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request is signed with: the value of the header Authorization, or an account (NTLM)."""

    header: str = field(default="", repr=False)
    account: Account | None = None


REFUSALS = RENEWED | {"authentication-failed", "account-locked"}
"""What to tell `Authorization.refused` of."""
_BY_PASSWORD = frozenset({BASIC, NTLM})
_LONGEST_HOLD = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Refusal:
    credential: Credential
    until: datetime
    hold: timedelta
    why: SyncError


class Authorization:
    """The credentials of one connection, for all who send them: its endpoints, and Autodiscover.

    What was refused is not sent again for a while, the same password ever more rarely. That guards the account: a hundred
    mailboxes with one wrong password would lock it within seconds, and an attempt each minute within a quarter of an hour.
    A password that was changed in the vault is tried at once.
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
        self._refused: _Refusal | None = None
        self._accepted: Credential | None = None
        self._proving = asyncio.Lock()

    @asynccontextmanager
    async def signed(self, trust: ssl.SSLContext) -> AsyncIterator[Credential]:
        """The credential, fetching a token where one is needed. A Basic password is first proved by one request alone.

        Raises the last refusal while it holds, and Reconfigure or Transient for missing secrets and tokens.
        """
        value = await self._credential(trust)
        if self._connection.authentication == BASIC and value != self._accepted:
            async with self._proving:
                value = await self._credential(trust)
                if value != self._accepted:
                    yield value
                    return
        yield value

    def accepted(self, value: Credential) -> None:
        """The server took this value: any number of requests may use it at once."""
        self._accepted = value
        if self._refused is not None and self._refused.credential == value:
            self._refused = None

    async def _credential(self, trust: ssl.SSLContext) -> Credential:
        if self._connection.authentication == OAUTH:
            return Credential("Bearer " + await self._bearer.current(trust))
        if self._connection.authentication in _BY_PASSWORD:
            value = await self._password()
            self._raise_while_refused(value)
            return value
        raise Reconfigure(
            "authentication-unsupported",
            f"connections.{self._connection.name}.authentication is {self._connection.authentication!r}; "
            f"it can be {NTLM}, {BASIC} or {OAUTH}",
        )

    def refused(self, value: Credential, why: SyncError, *, again: bool) -> None:
        """The server refused this value. A user name and password are not tried twice; a token is renewed once."""
        if self._connection.authentication == OAUTH:
            self._bearer.refused(value.header.removeprefix("Bearer "), why, again=again)
            return
        self._secrets.forget(*self._secret_names())
        self._accepted = None
        hold = HOLD_WHEN_LOCKED if why.code == "account-locked" else self._longer_hold(value)
        self._refused = _Refusal(value, self._now() + hold, hold, why)

    def _longer_hold(self, value: Credential) -> timedelta:
        if self._refused is None or self._refused.credential != value:
            return self._hold
        return max(self._hold, min(2 * self._refused.hold, _LONGEST_HOLD))

    def _raise_while_refused(self, value: Credential) -> None:
        held = self._refused
        if held is not None and held.credential == value and self._now() < held.until:
            why = held.why
            self._secrets.doubt(*self._secret_names())
            raise type(why)(why.code, why.detail, request_id=why.request_id)

    def _secret_names(self) -> tuple[str, ...]:
        return tuple(f"{self._connection.name}-{kind}" for kind in ("username", "password"))

    async def _password(self) -> Credential:
        user = await self._secrets.require(f"{self._connection.name}-username")
        password = await self._secrets.require(f"{self._connection.name}-password")
        if self._connection.authentication == NTLM:
            return Credential(account=Account(user, password))
        return Credential("Basic " + b64encode(f"{user}:{password}".encode()).decode())
