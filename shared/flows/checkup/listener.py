"""The doctor looks at the way back: the listener's key, its URL, and whether what answers there is our listener."""

from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from shared.errors import Reconfigure, SyncError
from shared.flows.checkup.running import Check
from shared.flows.keep_subscription import SECRET
from shared.flows.receive_push import NO_SUCH_LISTENER
from shared.model.checkup import Seen
from shared.model.configuration import AUTO, Configuration
from shared.model.setting_values import is_loopback
from shared.model.trust import TRUST_SECRET
from shared.ports import World

LISTENER = "listener"
_POLL = "notifications.mode is poll: nothing has to reach the listener"


def listener_checks(world: World, configuration: Configuration) -> list[Check]:
    """The checks of the listener."""
    return [
        Check("listener-key", partial(_key, world, configuration), ("settings",), late="vault-unavailable"),
        Check("listener URL", partial(_url, world, configuration), ("settings",), late="dns-failed"),
        Check(
            LISTENER, partial(_answer, world, configuration), ("listener-key", "listener URL"), "listener-unreachable"
        ),
    ]


async def _key(world: World, configuration: Configuration) -> Seen:
    if configuration.notifications.mode != "push":
        return Seen(_POLL)
    if not await world.secrets.get(SECRET):
        raise Reconfigure("secret-missing", f"not there: {SECRET} (any 32 random characters)")
    return Seen(f"{SECRET} is there")


async def _url(world: World, configuration: Configuration) -> Seen:
    """Whether each Exchange can reach the URL, as far as it can be told from here. That it is https the settings see to."""
    url = configuration.notifications.url
    if configuration.notifications.mode != "push":
        return Seen(_POLL)
    if not url:
        return Seen("notifications.url is not set", tried=False)
    host = urlsplit(url).hostname or ""
    try:
        addresses = await world.network.addresses(host)
    except SyncError as wrong:
        raise Reconfigure("push-url-invalid", wrong.detail) from wrong
    private = not any(ip_address(each.partition("%")[0]).is_global for each in addresses)
    words = f"{host} is {', '.join(addresses)}{', which is not public' if private else ''}"
    far = [name for name, place in _places(configuration) if _cannot_reach(place, host, private)]
    if far:
        raise Reconfigure("push-url-invalid", f"{words}: the Exchange of {', '.join(far)} cannot reach it")
    return Seen(words)


async def _answer(world: World, configuration: Configuration) -> Seen:
    """Knock with a key that is none: only our listener refuses it in its own words."""
    url = configuration.notifications.url
    if configuration.notifications.mode != "push" or not url:
        return Seen(_POLL)
    trusted = await world.secrets.get(TRUST_SECRET) or ""
    try:
        heard = await world.network.ask("POST", f"{url.rstrip('/')}/doctor.{world.new_id()}", trusted=trusted)
    except SyncError as wrong:
        raise Reconfigure("listener-unreachable", wrong.detail or wrong.code) from wrong
    if heard.status != 404 or heard.body != NO_SUCH_LISTENER:
        said = f": {heard.body[:80].decode(errors='replace')}" if heard.body else ""
        raise Reconfigure("listener-not-ours", f"{url} answers {heard.status}{said}")
    return Seen(f"{url} is our listener: it refuses a wrong key")


def _places(configuration: Configuration) -> list[tuple[str, str]]:
    """The host of each connection's Exchange; "" where it is not known, "online" for Exchange Online."""
    return [
        (each.name, "online" if each.version == "Exchange365" else _host(each.url))
        for each in configuration.connections.values()
    ]


def _host(url: str) -> str:
    return "" if url == AUTO else urlsplit(url).hostname or ""


def _cannot_reach(place: str, host: str, private: bool) -> bool:
    if is_loopback(host):
        return bool(place) and not is_loopback(place)
    return private and place == "online"
