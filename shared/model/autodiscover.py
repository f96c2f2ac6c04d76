"""Autodiscover as decisions: where to ask for a mailbox's EWS URL, in which order, and what an answer leads to.

No I/O: `Search` says what to ask next and is told what came. Credentials go to hosts that a connection trusts and to no
others: an address is not a secret, and who may name one could else have a password sent to a host of his own. PROTOCOL 15.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, urlsplit

from shared.model.configuration import AUTO, ONLINE_HOSTS, Connection
from shared.model.server import Build
from shared.model.setting_values import is_address, is_loopback

MOST_REDIRECTS = 10
"""https://learn.microsoft.com/exchange/client-developer/exchange-web-services/handling-autodiscover-error-messages"""


class Way(StrEnum):
    """How Autodiscover is asked. Only SOAP and POX need credentials; of a PLAIN GET, and of the SRV record in DNS, all that
    counts is where they lead."""

    JSON = "json"
    SOAP = "soap"
    POX = "pox"
    PLAIN = "plain"
    SRV = "srv"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. `connection` names whose credentials go with it, empty for none. The URL of SRV is one of RFC 4501."""

    way: Way
    url: str
    address: str
    connection: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server told: EWS URLs, or another address or URL to ask, or an error. Unknown values are empty.

    `build` is the version of the mailbox's server, or of the one that answered: `15.1.2507.61`.
    """

    url: str = ""
    internal_url: str = ""
    build: str = ""
    schemas: tuple[str, ...] = ()
    redirect_address: str = ""
    redirect_url: str = ""
    error: str = ""

    @property
    def urls(self) -> tuple[str, ...]:
        """The EWS URLs that may be used, the external one first."""
        return tuple(url for url in dict.fromkeys((self.url, self.internal_url)) if url and is_safe(url))


_PATHS = {
    Way.SOAP: "/autodiscover/autodiscover.svc",
    Way.POX: "/autodiscover/autodiscover.xml",
    Way.PLAIN: "/autodiscover/autodiscover.xml",
}


_SIGNED = frozenset({Way.SOAP, Way.POX})


def version_of(answer: Answer) -> str:
    """The value for `connections.<name>.version`, empty where the answer does not tell."""
    online = any(urlsplit(url).hostname in ONLINE_HOSTS for url in answer.urls)
    build = Build.of(answer.build)
    return "Exchange365" if online else build.product if build else ""


def is_safe(url: str) -> bool:
    """Whether credentials may go there at all: https, or this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def trusts(connection: Connection, host: str) -> bool:
    """Whether the connection's credentials may be sent to the host: the settings name it, or what it lies below."""
    if not host:
        return False
    named = host in connection.exchange_hosts() or host == connection.audience_host()
    return named or any(host == each or host.endswith(f".{each}") for each in connection.trusted_hosts)


def connection_for(connections: Sequence[Connection], answer: Answer) -> tuple[Connection, str] | None:
    """The connection that leads to what was found, and the URL to use; empty where the connection has its own."""
    for url in answer.urls:
        for connection in connections:
            if connection.url != AUTO and _place(connection.url) == _place(url):
                return connection, ""
    for url in answer.urls:
        for connection in connections:
            if connection.url == AUTO and trusts(connection, urlsplit(url).hostname or ""):
                return connection, url
    return None


def candidates(address: str, connections: Sequence[Connection]) -> Iterator[Attempt]:
    """What to ask for an address, in order, nothing signed yet: what the settings name, then the usual names.

    https://learn.microsoft.com/exchange/client-developer/exchange-web-services/how-to-generate-a-list-of-autodiscover-endpoints
    """
    domain = address.rpartition("@")[2].lower()
    usual = f"https://{domain}", f"https://autodiscover.{domain}"
    for named in dict.fromkeys(_origin(each.autodiscover_url) for each in connections if each.autodiscover_url):
        yield from (_attempt(way, named, address) for way in (Way.JSON, Way.SOAP, Way.POX))
    yield _attempt(Way.JSON, usual[1], address)
    for host in dict.fromkeys(each.audience_host() for each in connections if each.version == "Exchange365"):
        if host:
            yield _attempt(Way.JSON, f"https://{host}", address)
    for way in (Way.SOAP, Way.POX):
        yield from (_attempt(way, origin, address) for origin in usual)
    yield _attempt(Way.PLAIN, f"http://autodiscover.{domain}", address)
    yield Attempt(Way.SRV, f"dns:_autodiscover._tcp.{domain}?type=SRV", address)


def _attempt(way: Way, origin: str, address: str) -> Attempt:
    if way is Way.JSON:
        path = f"/autodiscover/autodiscover.json/v1.0/{quote(address, safe='@')}?Protocol=EWS"
        return Attempt(way, origin + path, address)
    return Attempt(way, origin + _PATHS[way], address)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


class Search:
    """One search for one address: ask `next()`, `tell` what came, until `next()` is None.

    `found` is the answer with the EWS URL; `untrusted` are hosts that were not asked because they would have needed
    credentials. `with_version`: where the answer has no version, its server is asked for that too.
    """

    def __init__(self, address: str, connections: Sequence[Connection], *, with_version: bool = False) -> None:
        self.found: Answer | None = None
        self.untrusted: list[str] = []
        self._connections = connections
        self._with_version = with_version
        self._waiting = deque(candidates(address, connections))
        self._asked: set[Attempt] = set()
        self._redirects = 0

    def next(self) -> Attempt | None:
        """What to ask now; None: the search is over."""
        while self._waiting:
            attempt = self._signed(self._waiting.popleft())
            if attempt is not None and attempt not in self._asked:
                self._asked.add(attempt)
                return attempt
        return None

    def tell(self, attempt: Attempt, answer: Answer) -> str:
        """Take the answer to an attempt; what came of it, for a person."""
        if self.found is not None:
            return self._version(answer)
        if answer.error:
            return answer.error
        if answer.redirect_address or answer.redirect_url:
            return self._redirected(attempt, answer)
        if not answer.urls:
            return "names no EWS URL that could be used" if answer.url or answer.internal_url else "names no EWS URL"
        self.found = answer
        self._waiting.clear()
        if self._with_version and not version_of(answer):
            origin = _origin(answer.urls[0])
            self._waiting += [_attempt(way, origin, attempt.address) for way in (Way.SOAP, Way.POX)]
        return f"EWS is at {answer.urls[0]}"

    def _version(self, answer: Answer) -> str:
        assert self.found is not None
        if not answer.build:
            return answer.error or "names no version"
        self.found = replace(self.found, build=answer.build, schemas=answer.schemas)
        self._waiting.clear()
        return f"the version is {answer.build}"

    def _redirected(self, attempt: Attempt, answer: Answer) -> str:
        self._redirects += 1
        if self._redirects > MOST_REDIRECTS:
            self._waiting.clear()
            return f"redirects for the {self._redirects}th time; the search ends here"
        if answer.redirect_address:
            return self._other_address(attempt, answer.redirect_address.strip())
        return self._other_url(attempt, answer.redirect_url.strip())

    def _other_address(self, attempt: Attempt, address: str) -> str:
        if not is_address(address) or address.lower() == attempt.address.lower():
            return f"redirects to the address {address!r}, which leads nowhere"
        self._waiting.extendleft(reversed(list(candidates(address, self._connections))))
        return f"redirects to the address {address}"

    def _other_url(self, attempt: Attempt, url: str) -> str:
        if not is_safe(url):
            return f"redirects to {url or 'nowhere'}, which is not https"
        if _is_here(url) and not _is_here(attempt.url):
            return f"redirects to {url}, this very machine; not followed"
        there = _attempt(Way.JSON, _origin(url), attempt.address)
        following = Attempt(_way_of(url, attempt.way), url, attempt.address)
        # Without credentials first: a host that we do not trust may still name the EWS URL.
        self._waiting.extendleft([following] if following.way is Way.JSON else [following, there])
        return f"redirects to {url}"

    def _signed(self, attempt: Attempt) -> Attempt | None:
        """The attempt with the connection whose credentials it may carry; None where it needs some and no one trusts."""
        if attempt.way not in _SIGNED:
            return attempt
        host = urlsplit(attempt.url).hostname or ""
        for connection in self._connections:
            if trusts(connection, host):
                return replace(attempt, connection=connection.name)
        if host not in self.untrusted:
            self.untrusted.append(host)
        return None


def _is_here(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


def _way_of(url: str, otherwise: Way) -> Way:
    path = urlsplit(url).path.lower()
    for ending, way in ((".svc", Way.SOAP), (".xml", Way.POX)):
        if path.endswith(ending):
            return way
    if "/autodiscover.json" in path:
        return Way.JSON
    return Way.POX if otherwise in (Way.PLAIN, Way.SRV) else otherwise
