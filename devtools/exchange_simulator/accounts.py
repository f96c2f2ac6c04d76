"""Who may call: users with passwords (Basic, NTLM), tokens (Bearer), and whose mailbox each may act for (PROTOCOL 2, 3)."""

import binascii
from base64 import b64decode
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from devtools.exchange_simulator.directory import Directory
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.soap import SoapFault
from devtools.exchange_simulator.tokens import RESOURCE, Refused, Tokens

LOCKED = "The referenced account is currently locked out and may not be logged on to."


@dataclass(slots=True)
class Account:
    """Somebody who can call; `may_impersonate` None means every mailbox."""

    name: str
    password: str | None = None
    may_impersonate: frozenset[str] | None = None
    locked: bool = False
    wrong_passwords: int = 0


class Accounts:
    """All accounts, the tokens that were issued and the schemes that are offered."""

    def __init__(self, users: dict[str, str], clients: dict[str, str], schemes: Collection[str]) -> None:
        self.schemes = tuple(schemes)
        self.by_name = {name.casefold(): Account(name, password) for name, password in users.items()}
        self.clients = dict(clients)
        for name in clients:
            self.by_name.setdefault(name.casefold(), Account(name))
        self.tokens = Tokens()

    def add_user(self, name: str, password: str) -> None:
        """Create a user or change the password."""
        self.by_name[name.casefold()] = Account(name, password, self._scope(name))

    def _scope(self, name: str) -> frozenset[str] | None:
        known = self.by_name.get(name.casefold())
        return known.may_impersonate if known else None

    def find(self, login: str) -> Account | None:
        """Find an account by its name, or a UPN's owner by `DOMAIN\\user`, DOMAIN being the first label of its domain."""
        names = {form.casefold(): name for name in self.by_name for form in _logins(name)}
        name = names.get(login.casefold())
        return self.by_name[name] if name is not None else None

    def ntlm_users(self) -> Iterator[str]:
        """Give the lines of pyspnego's user file, `DOMAIN:USER:PASSWORD`; a colon in a password cannot be written."""
        for account in self.by_name.values():
            for login in _logins(account.name) if account.password is not None else ():
                domain, _, user = login.rpartition("\\")
                yield f"{domain}:{user}:{account.password}\n"

    def lock(self, name: str, *, locked: bool = True) -> None:
        """Lock an account out, or let it in again. Raises LookupError."""
        found = self.find(name)
        if found is None:
            raise LookupError(f"no account {name!r}")
        found.locked = locked

    def allow(self, name: str, mailboxes: Collection[str] | None) -> None:
        """Say whose mailboxes an account may act for; None for all. Raises LookupError."""
        found = self.by_name.get(name.casefold())
        if found is None:
            raise LookupError(f"no account {name!r}")
        found.may_impersonate = None if mailboxes is None else frozenset(one.casefold() for one in mailboxes)

    def identify(self, authorization: str) -> Account | None:
        """Find the account of an Authorization header; None when it proves nothing."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic" and "basic" in self.schemes:
            try:
                name, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return None
            found = self.find(name)
            if found is None or found.password is None:
                return None
            found.wrong_passwords += found.password != password
            return found if found.password == password else None
        if scheme.lower() == "bearer" and "bearer" in self.schemes:
            client = self.tokens.judge(value.strip())
            return None if isinstance(client, Refused) else self.by_name.setdefault(client.casefold(), Account(client))
        return None

    def challenges(self, host: str, authorization: str, challenge: str = "") -> list[tuple[str, str]]:
        """Give the headers of a 401: one WWW-Authenticate per scheme; what is wrong with a token is named (PROTOCOL 2).

        `challenge` is the second message of a handshake, which is all that its 401 offers.
        """
        if challenge:
            return [("WWW-Authenticate", challenge)]
        offers = {
            "basic": f'Basic realm="{host}"',
            "bearer": f'Bearer client_id="{RESOURCE}", trusted_issuers="{RESOURCE}@*", token_types="app_asserted_user_v1"',
            "ntlm": "NTLM",
            "negotiate": "Negotiate",
        }
        headers = [("WWW-Authenticate", offers[scheme]) for scheme in self.schemes]
        scheme, _, value = authorization.partition(" ")
        judgement = self.tokens.judge(value.strip()) if scheme.lower() == "bearer" else None
        if isinstance(judgement, Refused):
            headers.append(("x-ms-diagnostics", judgement.header()))
        return headers


def _logins(name: str) -> list[str]:
    user, _, domain = name.partition("@")
    return [name, f"{domain.partition('.')[0].upper()}\\{user}"] if domain else [name]


def mailbox_for(account: Account, sid: tuple[str, str] | None, directory: Directory) -> Mailbox:
    """Find the mailbox that a call is for. Raises SoapFault with the codes of PROTOCOL 13.1."""
    if sid is None:
        if account.password is None:
            text = "ExchangeImpersonation SOAP header must be present for this type of OAuth token."
            raise SoapFault("ErrorInvalidExchangeImpersonationHeaderData", text)
        own = directory.get(account.name)
        if own is None:
            raise SoapFault("ErrorMissingEmailAddress", "The account has no mailbox of its own.")
        return own
    kind, value = sid
    found = directory.get(value) if kind != "SID" else None
    if found is None or (kind == "PrincipalName" and found.principal.casefold() != value.casefold()):
        raise SoapFault("ErrorNonExistentMailbox", f"No mailbox with such guid or address exists: {value}")
    if kind == "PrimarySmtpAddress" and found.address.casefold() != value.casefold():
        text = f"The primary SMTP address must be specified when referencing a mailbox: {found.address}"
        raise SoapFault("ErrorNonPrimarySmtpAddress", text, values={"Primary": found.address})
    own_box = found.address.casefold() == account.name.casefold()
    if not own_box and account.may_impersonate is not None and found.address.casefold() not in account.may_impersonate:
        raise SoapFault(
            "ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user."
        )
    return found
