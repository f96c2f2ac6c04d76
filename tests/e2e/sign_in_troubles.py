"""Trouble with a password, a token, a right or a certificate, while mail comes in: named, then mended, and nothing is lost.

Each has a server of its own. A story spoils something, sees that status names it, and mends it; what follows, the app does
by itself. They run in the background (recoveries.py).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

from devtools.exchange_simulator.simulator import DEFAULT_CLIENT, DEFAULT_USER
from devtools.stack import until
from devtools.stack.application import Document
from tests.adapters.making_certificates import DAY, NOW, make, offer
from tests.e2e.office import Office, Person, exsync
from tests.e2e.servers import AUTHORITY, OWN, Server, server, tell

WITHIN = timedelta(minutes=6)
CERTIFICATES = {
    "certificate-expired": make("localhost", by=AUTHORITY, begins=NOW - 9 * DAY, ends=NOW - DAY),
    "certificate-host-mismatch": make("mail.contoso.example", by=AUTHORITY),
    "certificate-self-signed": make("localhost"),
    "certificate-untrusted": make("localhost", by=make("Fabrikam CA", authority=True)),
}
type Story = Callable[[Office, Person, Server], Coroutine[None, None, None]]
type Told = Callable[[Office, asyncio.Event], Coroutine[None, None, None]]
_ONE_BY_ONE = asyncio.Lock()
"""The tests before them need the machine too; and who change the trusted certificates at once may undo each other's change."""


@asynccontextmanager
async def troubled(office: Office) -> AsyncIterator[dict[str, Told]]:
    """All servers, running and known to the app; their stories by name."""
    servers = {name: server(name, sign_in) for name, (sign_in, _) in TROUBLES.items()}
    async with AsyncExitStack() as running:
        for each in servers.values():
            await running.enter_async_context(each.exchange)
        await office.secrets.set("exchange-trust", AUTHORITY.pem)
        await tell(office, [(each, "Exchange2016") for each in servers.values()])
        yield {name: partial(_told, servers[name], TROUBLES[name][1]) for name in servers}


async def _told(server: Server, story: Story, office: Office, restarted: asyncio.Event) -> None:
    """From mail that is in step, through the trouble, to mail that is in step again."""
    await restarted.wait()
    person = Person(office, server.name, f"{server.name}@contoso.example", server.exchange, server.name)
    server.exchange.add_mailbox(person.mailbox)
    person.gets("before")
    async with _ONE_BY_ONE:
        await person.switch_on()
        await person.until_subjects("before")
        await story(office, person, server)
    await until(person.status, _is_well, what=f"{server.name}: well again", within=WITHIN, every=1)
    await person.until_subjects("before", "meanwhile")
    await person.check_feed()


def _is_well(status: Document) -> bool:
    return status["state"] == "live" and status["failure"] is None


async def _fails(person: Person, code: str) -> Document:
    """All connections break and a mail comes in, which cannot be read for this reason; the failure."""
    await person.exchange.hang_up()
    person.gets("meanwhile")
    failure = await person.until_failing(code)
    await person.until_subjects("before")
    return failure


async def wrong_password(office: Office, person: Person, server: Server) -> None:
    """The password is changed in the directory, and in the vault only later."""
    server.exchange.add_user(DEFAULT_USER, "rotated")
    failure = await _fails(person, "authentication-failed")
    assert "offers NTLM" in failure["detail"]
    assert "<connection>-password" in failure["remedy"]

    await person.until_failed(3)

    account = server.exchange.accounts.find(DEFAULT_USER)
    assert account is not None
    assert account.wrong_passwords == 1
    await office.secrets.set(f"{server.name}-password", "rotated")


async def locked_account(office: Office, person: Person, server: Server) -> None:
    """The account is locked; it is unlocked with a new password. Each attempt meanwhile would keep it locked."""
    attempts = server.exchange.ntlm.handshakes
    server.exchange.lock(DEFAULT_USER)
    failure = await _fails(person, "account-locked")
    assert "Unlock-ADAccount" in failure["remedy"]

    await person.until_failed(3)

    assert server.exchange.ntlm.handshakes == attempts + 1
    server.exchange.add_user(DEFAULT_USER, "unlocked")
    await office.secrets.set(f"{server.name}-password", "unlocked")


async def expired_client_secret(office: Office, person: Person, server: Server) -> None:
    """The client secret's time is over, and with the next token it shows."""
    tokens = server.exchange.tokens
    asked = tokens.requests
    tokens.refusal = 7000222, "The provided client secret keys are expired."
    tokens.expire_all()
    failure = await _fails(person, "client-secret-expired")
    assert "AADSTS7000222" in failure["detail"]
    assert "az ad app credential reset" in failure["remedy"]

    await person.until_failed(3)

    assert tokens.requests == asked + 1
    server.exchange.accounts.clients[DEFAULT_CLIENT] = "renewed"
    tokens.refusal = None
    await office.secrets.set(f"{server.name}-client-secret", "renewed")


async def revoked_consent(_office: Office, person: Person, server: Server) -> None:
    """The administrator's consent is taken back, and given again."""
    server.exchange.tokens.roles[DEFAULT_CLIENT] = ()
    server.exchange.tokens.expire_all()
    failure = await _fails(person, "consent-missing")
    assert "az ad app permission admin-consent" in failure["remedy"]
    del server.exchange.tokens.roles[DEFAULT_CLIENT]


async def revoked_impersonation(_office: Office, person: Person, server: Server) -> None:
    """The right to impersonate is taken back for all mailboxes, and given again."""
    server.exchange.allow_impersonation(DEFAULT_USER, [])
    failure = await _fails(person, "impersonation-denied")
    assert "ApplicationImpersonation" in failure["remedy"]
    server.exchange.allow_impersonation(DEFAULT_USER, None)


async def refused_certificate(office: Office, person: Person, server: Server) -> None:
    """Exchange gets a certificate that is refused; it is trusted where that is the remedy, else replaced. Meanwhile nothing
    is sent to it."""
    code = server.name
    offer(server.tls, CERTIFICATES[code])
    failure = await _fails(person, code)
    assert "exsync trust fetch URL" in failure["remedy"]
    requests = server.exchange.requests.operations.total()

    await person.until_failed(2)

    assert server.exchange.requests.operations.total() == requests
    if code in ("certificate-self-signed", "certificate-untrusted"):
        await _trusts(office, server)
    else:
        offer(server.tls, OWN)


async def _trusts(office: Office, server: Server) -> None:
    status, _, complaint = await exsync(office, "trust", "fetch", server.exchange.origin, "--add", "--yes")
    assert status == 0, complaint


TROUBLES: dict[str, tuple[str, Story]] = {
    "wrong-password": ("ntlm", wrong_password),
    "locked-account": ("ntlm", locked_account),
    "expired-client-secret": ("oauth", expired_client_secret),
    "revoked-consent": ("oauth", revoked_consent),
    "revoked-impersonation": ("ntlm", revoked_impersonation),
    **dict.fromkeys(CERTIFICATES, ("basic", refused_certificate)),
}
"""The names of the stories and of their connections; how the server is signed in to."""
