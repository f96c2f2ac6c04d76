"""Looks up one SRV record: the server and port that a domain names for a service. RFC 2782.

DNS is not signed: what it names is only a place to ask, and gets credentials only where the settings trust it.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from shared.errors import Transient

_TIMEOUT = timedelta(seconds=5)
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
"""A label of DNS may hold any byte; in a URL an `@` or `/` would lead to another host than the one that is checked."""


class ServiceRecords:
    """Asks the system's name servers, or these (address, port). `timeout` is for one look-up, all in all."""

    def __init__(self, servers: Sequence[tuple[str, int]] = (), *, timeout: timedelta = _TIMEOUT) -> None:
        self._servers = tuple(servers)
        self._timeout = timeout

    async def find(self, name: str) -> tuple[str, int] | None:
        """The preferred server of a service; None where the domain names none. Raises Transient("dns-failed")."""
        # Not on the cold-start path: dnspython takes 50 ms or more to import, and few searches come as far as this.
        from dns.asyncresolver import Resolver
        from dns.exception import DNSException
        from dns.nameserver import Do53Nameserver
        from dns.resolver import NXDOMAIN, NoAnswer

        try:
            resolver = Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [Do53Nameserver(address, port) for address, port in self._servers]
            found = await resolver.resolve(name, "SRV", lifetime=self._timeout.total_seconds(), search=False)
        except (NXDOMAIN, NoAnswer):
            return None
        except (DNSException, OSError) as wrong:
            raise Transient("dns-failed", f"{name}: {wrong}") from None
        # Of equals the heaviest: lots are drawn among servers that share a load, and one question is none.
        first = min(found, key=lambda record: (record.priority, -record.weight))
        host = first.target.to_text(omit_final_dot=True).lower()
        return (host, first.port) if _HOST.fullmatch(host) else None  # a lone dot says that there is no such service
