"""The doctor follows the way to one Exchange: secrets, name, certificate, an answer, its clock, sign-in, impersonation, push.

Exchange is asked by the mailbox of an operator of this connection, since an application is nobody without a mailbox.
"""

import json
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from shared.errors import Reconfigure, SyncError, Transient
from shared.flows.checkup.running import Check
from shared.flows.expiring import WARNING
from shared.flows.subscription_row import read_subscription
from shared.flows.whereabouts import mailbox_of
from shared.model.checkup import Seen, compare_clocks
from shared.model.configuration import AUTO, Configuration, Connection
from shared.model.email import timestamp
from shared.model.exchange import Mailbox
from shared.model.operator import Operator
from shared.model.subscription import is_live
from shared.model.trust import TRUST_SECRET, Expiry, expiring_words, is_expiring
from shared.ports import Heard, World

_OF_SIGN_IN = ("account-", "authentication-", "client-", "secret-", "token-", "vault-")
_TLS_PORT = 443
_NO_OPERATOR = "no operator uses this connection yet (of the first 200; --operator ID names another)"


class Way:
    """The way to one connection's Exchange, by the mailbox of `operator` where it has one."""

    def __init__(
        self, world: World, configuration: Configuration, connection: Connection, operator: Operator | None
    ) -> None:
        self._world = world
        self._configuration = configuration
        self._connection = connection
        self._operator = operator
        self._mailbox: Mailbox | None = None
        self._url = connection.url
        self._heard: Heard | None = None
        self._heard_at = world.now()
        self._refused: SyncError | None = None

    def checks(self, *, listener: str) -> list[Check]:
        """The checks in the order of the way; `listener` is the name of the check that push needs beside them."""
        on = partial("{} {}".format, self._connection.name)
        needed = "settings"
        checks = [
            Check(on("secrets"), self._secrets, (needed,), late="vault-unavailable"),
            Check(on("mailbox"), self._find_mailbox, (needed,)),
            Check(on("name"), self._name, (on("mailbox"),), late="dns-failed"),
            Check(on("certificate"), self._certificate, (on("name"),)),
            Check(on("answer"), self._answer, (on("certificate"),)),
            Check(on("clock"), self._clock, (on("answer"),)),
            Check(on("sign-in"), self._sign_in, (on("secrets"), on("answer"))),
            Check(on("impersonation"), self._impersonation, (on("sign-in"),)),
            Check(on("push"), self._push, (on("impersonation"), listener)),
        ]
        return [replace(check, connection=self._connection.name) for check in checks]

    async def _secrets(self) -> Seen:
        if self._connection.oauth is not None:
            return await self._one_of("client-certificate", "client-secret")
        return await self._all_of("username", "password")

    async def _all_of(self, *kinds: str) -> Seen:
        names = [f"{self._connection.name}-{kind}" for kind in kinds]
        missing = [name for name in names if not await self._world.secrets.get(name)]
        if missing:
            raise Reconfigure("secret-missing", f"not there: {', '.join(missing)}")
        return Seen(f"{' and '.join(names)} are there")

    async def _one_of(self, *kinds: str) -> Seen:
        names = [f"{self._connection.name}-{kind}" for kind in kinds]
        for name in names:
            if await self._world.secrets.get(name):
                return Seen(f"{name} is there")
        raise Reconfigure("secret-missing", f"neither {' nor '.join(names)} is there")

    async def _find_mailbox(self) -> Seen:
        if self._operator is not None:
            self._mailbox = await mailbox_of(self._world, self._operator, self._configuration)
            self._url = self._mailbox.url or self._url
            return Seen(f"{self._mailbox.address} of operator {self._operator.id}, at {self._url}")
        if self._url == AUTO:
            return Seen(f"the URL is `{AUTO}`, and {_NO_OPERATOR}", tried=False)
        return Seen(f"{self._url}; {_NO_OPERATOR}")

    async def _name(self) -> Seen:
        host = self._host()
        return Seen(f"{host} is {', '.join(await self._world.network.addresses(host))}")

    async def _certificate(self) -> Seen:
        parts = urlsplit(self._url)
        if parts.scheme != "https":
            return Seen("none: http to this very machine")
        offer = await self._world.certificates.offered(self._host(), parts.port or _TLS_PORT, await self._trusted())
        if offer.code:
            raise Reconfigure(offer.code, offer.detail)
        own = offer.chain[0]
        words = expiring_words(Expiry(own.subject, own.not_after), self._world.now())
        return Seen(words, WARNING if is_expiring(own.not_after, self._world.now()) else "")

    async def _answer(self) -> Seen:
        heard = await self._world.network.ask("GET", self._url, trusted=await self._trusted())
        self._heard, self._heard_at = heard, self._world.now()
        if heard.status == 404:
            raise Reconfigure("url-wrong", f"{self._url} answers 404: there is no EWS")
        if heard.status >= 500:
            raise Transient("exchange-unavailable", f"{self._url} answers {heard.status}")
        offered = f", and offers to sign in by {', '.join(heard.schemes)}" if heard.schemes else ""
        return Seen(f"{self._url} answers {heard.status}{offered}")

    async def _clock(self) -> Seen:
        if self._heard is None or self._heard.date is None:
            return Seen("its answers do not say what time it is there", tried=False)
        return Seen(compare_clocks("its clock", self._heard.date, self._heard_at))

    async def _sign_in(self) -> Seen:
        """Ask for the Inbox. What Exchange itself refuses then is told of the impersonation: it has let us in."""
        if self._mailbox is None:
            return Seen(_NO_OPERATOR, tried=False)
        try:
            await self._world.exchange.distinguished_folders(self._mailbox, ["inbox"])
        except SyncError as wrong:
            if not wrong.exchange_code or wrong.code.startswith(_OF_SIGN_IN):
                raise
            self._refused = wrong
        return Seen(f"taken, by {self._connection.authentication}")

    async def _impersonation(self) -> Seen:
        if self._refused is not None:
            raise self._refused
        assert self._mailbox is not None
        server = self._world.exchange.server(self._mailbox)
        return Seen("; ".join([f"the Inbox of {self._mailbox.address} was read", str(server), *server.notes]))

    async def _push(self) -> Seen:
        """Whether the mailbox's subscription hears. One that is not there yet is made by timer_subscriptions."""
        if self._configuration.notifications.mode != "push":
            return Seen("notifications.mode is poll: Exchange is asked, and tells nothing by itself", tried=False)
        assert self._operator is not None
        subscription, _ = await read_subscription(self._world.rows, self._operator.mailbox_key)
        if subscription is None or not (subscription.subscription_id or subscription.failure):
            return Seen(f"there is no subscription for operator {self._operator.id} yet", tried=False)
        if subscription.failure:
            noted = json.loads(subscription.failure)
            raise Reconfigure(noted["code"], noted["detail"])
        if not is_live(subscription, self._world.now()):
            heard = timestamp(subscription.last_heard) or "never"
            raise Reconfigure("push-not-arriving", f"heard of the subscription of {self._operator.id}: {heard}")
        if subscription.last_heard is None:
            return Seen("subscribed just now, and not heard of yet", tried=False)
        return Seen(f"heard of the subscription of {self._operator.id} at {timestamp(subscription.last_heard)}")

    def _host(self) -> str:
        return urlsplit(self._url).hostname or ""

    async def _trusted(self) -> str:
        return await self._world.secrets.get(TRUST_SECRET) or ""
