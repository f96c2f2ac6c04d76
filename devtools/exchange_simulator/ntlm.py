"""NTLM on the server's side: which connections are signed in, as whom, and which are half-way (PROTOCOL 3).

pyspnego verifies. What it does not tell is read from the message itself (MS-NLMP 2.2.1.3): who it is from, so that a wrong
password counts, and the channel binding that it holds (RFC 5929), so that Extended Protection can insist on one.
"""

import asyncio
import binascii
import hashlib
import os
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakKeyDictionary

import spnego
from aiohttp import web
from cryptography import x509
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from devtools.exchange_simulator.accounts import Account, Accounts

PROTECTIONS = ("none", "allow", "require")
_SIGNATURE = b"NTLMSSP\0"
_USER_FILE = "NTLM_USER_FILE"
_CHANNEL_BINDINGS, _END = 10, 0


@dataclass(slots=True, eq=False)
class SignedConnection:
    """One TCP connection. `requests` are those that were let in."""

    account: Account | None = None
    context: spnego.ContextProxy | None = None
    handshakes: int = 0
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """What the third message says openly: a login, and the hash of a channel binding (None, or zeros: there is none)."""

    login: str
    binding: bytes | None


class NtlmConnections:
    """All connections that have spoken NTLM. `certificate` is the server's own in DER, for Extended Protection."""

    def __init__(self, accounts: Accounts, *, protection: str, certificate: bytes | None) -> None:
        if protection not in PROTECTIONS:
            raise ValueError(f"extended_protection is one of {', '.join(PROTECTIONS)}, not {protection!r}")
        if protection != "none" and certificate is None:
            raise ValueError("extended_protection needs the server's certificate (DER)")
        self._accounts, self._protection = accounts, protection
        self._bindings = GssChannelBindings(application_data=_end_point(certificate)) if certificate else None
        self._by_transport: WeakKeyDictionary[asyncio.BaseTransport, SignedConnection] = WeakKeyDictionary()
        self.all: list[SignedConnection] = []

    @property
    def handshakes(self) -> int:
        """How many were begun."""
        return sum(connection.handshakes for connection in self.all)

    def identify(self, request: web.Request) -> Account | str | None:
        """Find the account of a request's connection; text is a challenge to be sent; None: it proves nothing."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        transport = request.transport
        if transport is None:
            return None
        connection = self._by_transport.get(transport)
        if scheme.lower() in self._accounts.schemes and scheme.lower() in ("ntlm", "negotiate"):
            if connection is None:
                connection = self._by_transport[transport] = SignedConnection()
                self.all.append(connection)
            challenge = self._step(connection, scheme, value)
            if challenge:
                return f"{scheme} {challenge}"
        if connection is None or connection.account is None:
            return None
        connection.requests += 1
        return connection.account

    def _step(self, connection: SignedConnection, scheme: str, value: str) -> str | None:
        """Take the next message; the challenge that answers a first one."""
        connection.account = None
        try:
            token = b64decode(value, validate=True)
            if connection.context is None:
                return self._challenge(connection, scheme, token)
            context, connection.context = connection.context, None
            connection.account = self._verified(context, token)
        except (SpnegoError, ValueError, struct.error, binascii.Error):
            connection.context = None
        return None

    def _challenge(self, connection: SignedConnection, scheme: str, token: bytes) -> str:
        connection.handshakes += 1
        options = (
            spnego.NegotiateOptions.use_ntlm if scheme.lower() == "ntlm" else spnego.NegotiateOptions.use_negotiate
        )
        with self._users():
            connection.context = spnego.server(protocol=scheme.lower(), options=options)
            return b64encode(connection.context.step(token) or b"").decode()

    def _verified(self, context: spnego.ContextProxy, token: bytes) -> Account | None:
        proof = read_proof(token)
        account = self._accounts.find(proof.login)
        bound = proof.binding is not None and any(proof.binding)
        if account is None or (self._protection == "require" and not bound):
            return None
        bindings = self._bindings if bound and self._protection != "none" else None
        try:
            with self._users():
                context.step(token, channel_bindings=bindings)
        except SpnegoError:
            account.wrong_passwords += 1
            raise
        return account if context.complete else None

    @contextmanager
    def _users(self) -> Iterator[None]:
        """The accounts as the file that pyspnego's acceptor reads; its name comes from the environment."""
        before = os.environ.get(_USER_FILE)
        with TemporaryDirectory() as folder:
            path = Path(folder, "users")
            path.write_text("".join(self._accounts.ntlm_users()), encoding="utf-8")
            os.environ[_USER_FILE] = str(path)
            try:
                yield
            finally:
                os.environ.pop(_USER_FILE)
                if before is not None:
                    os.environ[_USER_FILE] = before


def read_proof(token: bytes) -> Proof:
    """Read an AUTHENTICATE_MESSAGE, bare or inside SPNEGO. Raises ValueError or struct.error."""
    message = token[token.index(_SIGNATURE) :]
    if struct.unpack_from("<I", message, 8) != (3,):
        raise ValueError("this is no AUTHENTICATE_MESSAGE")
    encoding = "utf-16-le" if struct.unpack_from("<I", message, 60)[0] & 1 else "ascii"
    response, domain, user = (_field(message, at) for at in (20, 28, 36))
    names = [part.decode(encoding) for part in (domain, user) if part]
    return Proof("\\".join(names), _binding(response[16 + 28 :]))


def _field(message: bytes, at: int) -> bytes:
    length, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset : offset + length]


def _binding(pairs: bytes) -> bytes | None:
    """Look through the AV_PAIRs of an NTLMv2 response (MS-NLMP 2.2.2.1)."""
    while len(pairs) >= 4:
        kind, length = struct.unpack_from("<HH", pairs)
        if kind == _CHANNEL_BINDINGS:
            return pairs[4 : 4 + length]
        if kind == _END:
            break
        pairs = pairs[4 + length :]
    return None


def _end_point(certificate: bytes) -> bytes:
    """RFC 5929, 4.1."""
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    name = algorithm.name if algorithm and algorithm.name not in ("md5", "sha1") else "sha256"
    return b"tls-server-end-point:" + hashlib.new(name, certificate).digest()
