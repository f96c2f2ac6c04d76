"""The bearer token of one connection: fetched once for all who wait, kept until shortly before its end, renewed when refused.

What the token endpoint or Exchange refused is not asked for again for a while, unless the secret was changed. PROTOCOL 3.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.ews.client_certificate import assertion
from shared.adapters.ews.connection import Connection, OAuth
from shared.adapters.ews.refused_tokens import MAYBE_OF_ONE_MAILBOX
from shared.adapters.ews.token_checks import check_audience
from shared.adapters.ews.token_client import fetch_token
from shared.errors import Reconfigure, SyncError

_RENEWED_BEFORE = timedelta(minutes=5)
HOLD_WHEN_LOCKED = timedelta(minutes=15)
"""A locked account stays locked for as long as somebody tries it: Active Directory counts anew. PROTOCOL 3."""


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Held:
    proof: str
    until: datetime
    why: SyncError


class BearerToken:
    """Gives the token that is good now."""

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
        self._token: _Kept | None = None
        self._proof = ""
        self._held: _Held | None = None
        self._fetching = asyncio.Lock()

    async def current(self, trust: ssl.SSLContext) -> str:
        """The token, fetched where there is none or it ends within minutes.

        Raises the last refusal while it holds, Reconfigure("secret-missing"), and what `fetch_token` and the checks raise.
        """
        async with self._fetching:
            if self._token is None or self._token.until <= self._now():
                certificate = await self._secrets.get(self._name("client-certificate"))
                self._proof = certificate or await self._secrets.require(self._name("client-secret"))
                self._raise_while_held()
                self._token = await self._fetched(trust, by_certificate=bool(certificate))
            return self._token.value

    def refused(self, value: str, why: SyncError, *, again: bool) -> None:
        """Exchange refused this token. Only the first to say so makes it be renewed; refused `again`, there is a pause.

        A right that is missing may be missing for one mailbox only (RBAC for Applications), so it makes no pause for the
        others; that the right was granted since shows in a new token, which is asked for no sooner than after a pause.
        """
        token = self._token
        if token is None or token.value != value:
            return
        if why.code in MAYBE_OF_ONE_MAILBOX:
            self._token = token if self._now() < token.since + self._hold else None
            return
        self._token = None
        if why.code == "account-locked":
            self._hold_back(why, HOLD_WHEN_LOCKED)
        elif again:
            self._hold_back(why, self._hold)

    async def _fetched(self, trust: ssl.SSLContext, *, by_certificate: bool) -> _Kept:
        asked, oauth, proof = self._now(), self._oauth(), self._proof
        try:
            signed = assertion(oauth, proof, asked) if by_certificate else None
            token = await asyncio.to_thread(fetch_token, oauth, secret=proof, assertion=signed, trust=trust)
            check_audience(token.value, oauth.scope)
        except Reconfigure as wrong:
            self._hold_back(wrong, self._hold)
            raise
        return _Kept(token.value, asked, asked + max(token.lifetime - _RENEWED_BEFORE, token.lifetime / 2))

    def _oauth(self) -> OAuth:
        if self._connection.oauth is None:
            raise Reconfigure("token-refused", f"connections.{self._connection.name}.oauth is not set")
        return self._connection.oauth

    def _hold_back(self, why: SyncError, hold: timedelta) -> None:
        """Keep from asking again with this secret or certificate, and look soon whether it was changed meanwhile."""
        self._held = _Held(self._proof, self._now() + hold, why)
        self._secrets.doubt(self._name("client-secret"), self._name("client-certificate"))

    def _raise_while_held(self) -> None:
        held = self._held
        if held is not None and held.proof == self._proof and self._now() < held.until:
            raise type(held.why)(held.why.code, held.why.detail, request_id=held.why.request_id)

    def _name(self, kind: str) -> str:
        return f"{self._connection.name}-{kind}"
