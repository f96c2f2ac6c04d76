"""Mail servers over SMTP: one connection for each mail, encrypted and verified unless it never leaves this machine.

RFC 5321; STARTTLS is RFC 3207, TLS from the first byte RFC 8314. Private authorities are those of the bundle for Exchange.
"""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

import aiosmtplib

from shared.adapters.ews.connection import is_loopback
from shared.adapters.ews.trust import trust
from shared.errors import Reconfigure, SyncError, Transient
from shared.model.trust import TRUST_SECRET
from shared.ports import SMTP_PASSWORD, SMTP_USERNAME, Secrets

_SECONDS = 20.0
"""For each answer of the server."""
_PORTS = {"smtp": 587, "smtps": 465}
_WORDS = 300


class SmtpServers:
    """The port `Smtp`. `seconds` is how long each answer may take, and a third of what a mail may take in all."""

    def __init__(self, secrets: Secrets, *, seconds: float = _SECONDS) -> None:
        self._secrets = secrets
        self._seconds = seconds

    async def send(self, url: str, mail: bytes, *, sender: str, recipients: Sequence[str]) -> tuple[str, ...]:
        """See the port."""
        server = urlsplit(url)
        where = f"{server.hostname}:{server.port or _PORTS[server.scheme]}"
        context = trust(await self._secrets.get(TRUST_SECRET))
        try:
            async with asyncio.timeout(3 * self._seconds):
                return await self._sent(server, context, mail, sender, recipients)
        except (aiosmtplib.SMTPException, OSError, ValueError) as wrong:
            raise _error(wrong, where) from None

    async def _sent(
        self, server: SplitResult, context: ssl.SSLContext, mail: bytes, sender: str, recipients: Sequence[str]
    ) -> tuple[str, ...]:
        client = aiosmtplib.SMTP(
            hostname=server.hostname,
            port=server.port or _PORTS[server.scheme],
            use_tls=server.scheme == "smtps",
            start_tls=False,
            tls_context=context,
            timeout=self._seconds,
            local_hostname=sender.rpartition("@")[2],
        )
        try:
            await client.connect()
            await _encrypt(client, server)
            await self._sign_in(client)
            refused, _ = await client.sendmail(sender, list(recipients), mail)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()  # the mail is theirs already
            return tuple(refused)
        finally:
            client.close()

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        """Sign in where there are secrets for it. They are asked for anew: alerts are rare, and a stale one locks an account."""
        username = await self._secrets.get(SMTP_USERNAME, fresh=True)
        password = await self._secrets.get(SMTP_PASSWORD, fresh=True)
        if not username or not password:
            return
        if not client.supports_extension("auth"):
            raise Reconfigure(
                "smtp-authentication-failed",
                f"the server offers no sign-in, but the secrets {SMTP_USERNAME} and {SMTP_PASSWORD} are there",
            )
        await client.login(username, password)


async def _encrypt(client: aiosmtplib.SMTP, server: SplitResult) -> None:
    """STARTTLS, where the connection is not encrypted from the start. Only on loopback it may be missing."""
    if server.scheme == "smtps":
        return
    await client.ehlo()
    if client.supports_extension("starttls"):
        await client.starttls()
        await client.ehlo()
    elif not is_loopback(server.hostname or ""):
        raise Reconfigure("smtp-insecure", f"{server.hostname} does not offer STARTTLS")


def _error(wrong: Exception, where: str) -> SyncError:
    """What went wrong, in our words."""
    causes = list(_causes(wrong))
    if untrusted := next((each for each in causes if isinstance(each, ssl.SSLCertVerificationError)), None):
        return Reconfigure("smtp-untrusted", f"{where}: {untrusted.verify_message or untrusted}")
    if isinstance(wrong, aiosmtplib.SMTPRecipientsRefused):
        return _nobody_taken(wrong.recipients, where)
    if isinstance(wrong, aiosmtplib.SMTPResponseException):
        return _refusal(wrong, where)
    if isinstance(wrong, TimeoutError):
        return Transient("smtp-unreachable", f"{where}: no answer within the time allowed")
    if isinstance(wrong, ssl.SSLError):
        return Reconfigure("smtp-insecure", f"{where}: no secure connection could be agreed upon: {wrong.reason}")
    return Transient("smtp-unreachable", f"{where}: {_plain(str(wrong))}")


def _nobody_taken(refused: Sequence[aiosmtplib.SMTPRecipientRefused], where: str) -> SyncError:
    """By the mildest of the refusals: whoever is to come again is not lost."""
    mildest = min(refused, key=lambda each: each.code)
    words = "; ".join(f"{each.recipient}: {each.code} {_plain(each.message)}" for each in refused)
    return (
        Transient("smtp-busy", f"{where}: {words}")
        if mildest.code < 500
        else Reconfigure("smtp-refused", f"{where}: {words}")
    )


def _refusal(wrong: aiosmtplib.SMTPResponseException, where: str) -> SyncError:
    """4xx passes, 5xx does not; anything else is no answer of a mail server. RFC 5321, 4.2.1."""
    words = f"{where}: {wrong.code} {_plain(wrong.message)}"
    if isinstance(wrong, aiosmtplib.SMTPAuthenticationError) and wrong.code >= 500:
        return Reconfigure("smtp-authentication-failed", words)
    if wrong.code >= 500:
        return Reconfigure("smtp-refused", words)
    return Transient("smtp-busy" if wrong.code >= 400 else "smtp-unreachable", words)


def _plain(words: str) -> str:
    return " ".join(words.split())[:_WORDS]


def _causes(wrong: BaseException | None) -> Iterator[BaseException]:
    while wrong is not None:
        yield wrong
        wrong = wrong.__cause__ or wrong.__context__
