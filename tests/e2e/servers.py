"""Simulated Exchanges behind TLS of a private authority, each of one product and with one way to sign in.

`tell` makes the app know them as an administrator does: secrets by their names, connections in the settings.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from devtools.exchange_simulator.simulator import (
    DEFAULT_CLIENT,
    DEFAULT_CLIENT_SECRET,
    DEFAULT_PASSWORD,
    DEFAULT_USER,
    ExchangeSimulator,
)
from tests.adapters.making_certificates import Made, make, server_context
from tests.e2e.office import Office

SIGN_INS = ("basic", "ntlm", "oauth")
PRODUCTS = ("Exchange2010", "Exchange2013", "Exchange2016")
AUTHORITY = make("Contoso CA", authority=True)
OWN = make("localhost", by=AUTHORITY)


@dataclass(frozen=True, slots=True)
class Server:
    """An Exchange; `name` is that of the connection that leads to it. Its certificate can be changed through `tls`."""

    name: str
    authentication: str
    exchange: ExchangeSimulator
    tls: ssl.SSLContext

    def connection(self, version: str) -> dict[str, Any]:
        """The connection as the settings have it."""
        connection = {"url": self.exchange.url, "version": version, "authentication": self.authentication}
        if self.authentication != "oauth":
            return connection
        return connection | {"oauth": {"client_id": DEFAULT_CLIENT, "token_endpoint": self.exchange.token_endpoint}}

    def secrets(self) -> dict[str, str]:
        """What the connection signs in with."""
        if self.authentication == "oauth":
            return {f"{self.name}-client-secret": DEFAULT_CLIENT_SECRET}
        return {f"{self.name}-username": DEFAULT_USER, f"{self.name}-password": DEFAULT_PASSWORD}


def server(
    name: str, authentication: str, *, product: str = "Exchange2016", own: Made = OWN, seconds_per_minute: float = 60
) -> Server:
    """A server that takes this one way to sign in; NTLM only when it is bound to the TLS channel."""
    tls = server_context(own)
    exchange = ExchangeSimulator(
        tls=tls,
        certificate=own.der,
        extended_protection="require" if authentication == "ntlm" else "none",
        version=product,
        authentication=["bearer" if authentication == "oauth" else authentication],
        seconds_per_minute=seconds_per_minute,
    )
    return Server(name, authentication, exchange, tls)


async def tell(office: Office, servers: Iterable[tuple[Server, str]]) -> None:
    """Store the servers' secrets, and a connection to each with the version that is told of it."""
    connections = {}
    for each, version in servers:
        connections[each.name] = each.connection(version)
        for name, value in each.secrets().items():
            await office.secrets.set(name, value)
    await office.application.configure({"connections": connections})
