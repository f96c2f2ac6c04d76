"""What the adapter has to know of one Exchange: where it is, how old, and how we sign in. Compose makes it from the settings."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from shared.errors import Reconfigure

NTLM = "ntlm"
BASIC = "basic"
OAUTH = "oauth"
EXCHANGE_365 = "Exchange365"


@dataclass(frozen=True, slots=True)
class OAuth:
    """Client credentials: who asks, where, and for what. `tenant_id` is empty where only the endpoint was given."""

    client_id: str
    token_endpoint: str
    scope: str
    tenant_id: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """One Exchange by the name that operators use for it.

    `version` is the product (DESIGN 3); `concurrency` limits requests at once to the server, `mailbox_concurrency` those
    of one mailbox.
    """

    name: str
    url: str
    version: str = "Exchange2016"
    authentication: str = BASIC
    oauth: OAuth | None = None
    batch_size: int = 100
    concurrency: int = 10
    mailbox_concurrency: int = 4


_SINCE_2016 = ("Exchange2016", "Exchange2015", "Exchange2013_SP1")
_VERSIONS = {
    "Exchange2010": ("Exchange2010_SP2", "Exchange2010_SP1", "Exchange2010"),
    "Exchange2013": ("Exchange2013_SP1", "Exchange2013", "Exchange2010_SP2"),
    "Exchange2016": _SINCE_2016,
    "Exchange2019": _SINCE_2016,
    "ExchangeSE": _SINCE_2016,
    EXCHANGE_365: ("Exchange2016", "Exchange2013_SP1"),
}


def request_versions(connection: Connection) -> tuple[str, ...]:
    """What to send as RequestServerVersion: the first, and after a version fault the next. PROTOCOL 1.1.

    Quirk: there is no Exchange2019 nor ExchangeSE; those products take Exchange2016.
    """
    versions = _VERSIONS.get(connection.version)
    if versions is None:
        raise Reconfigure(
            "version-not-supported",
            f"connections.{connection.name}.version is {connection.version!r}; it can be {', '.join(_VERSIONS)}",
        )
    return versions


def check_url(connection: Connection) -> None:
    """Raise Reconfigure for a URL that cannot be EWS, or that would send the password over an open line."""
    setting = f"connections.{connection.name}.url"
    parts = _split(connection.url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Reconfigure(
            "url-invalid", f"{setting} is {connection.url!r}; it has the form https://host/EWS/Exchange.asmx"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise Reconfigure("url-insecure", f"{setting} is {connection.url!r}; passwords and tokens go over https only")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine, by its usual name or its address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
