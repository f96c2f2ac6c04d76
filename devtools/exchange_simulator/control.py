"""The control API under /control: JSON over loopback, the same verbs as the object API (simulator.py).

`GET /control` lists the routes. Unknown names answer 404, wrong values 400, both as {"error": "…"}.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from devtools.exchange_simulator.autodiscover import Told
from devtools.exchange_simulator.fault_injection import KINDS, Fault
from devtools.exchange_simulator.mailbox import Unknown
from devtools.exchange_simulator.markup import moment
from devtools.exchange_simulator.push import Subscription
from devtools.exchange_simulator.simulator import ExchangeSimulator

Answer = Callable[["Ask"], Awaitable[Any]]
_BOX = "/mailboxes/{address}"


@dataclass(frozen=True, slots=True)
class Ask:
    """One control request: the simulator, the mailbox's address if the path has one, query, JSON and raw body."""

    exchange: ExchangeSimulator
    address: str
    query: Mapping[str, str]
    given: dict[str, Any]
    raw: bytes

    @property
    def keywords(self) -> dict[str, Any]:
        """The JSON without the names that are passed by position."""
        return {name: value for name, value in self.given.items() if name not in ("item", "folder", "address")}


def add_routes(app: web.Application, exchange: ExchangeSimulator) -> None:
    """Serve every route of ROUTES."""
    for (method, path), answer in ROUTES.items():
        app.router.add_route(method, "/control" + path, _handler(exchange, answer))


def _handler(exchange: ExchangeSimulator, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            given = json.loads(raw) if raw and not request.path.endswith(("/deliver", "/replace")) else {}
            ask = Ask(exchange, request.match_info.get("address", ""), request.query, given, raw)
            found = await answer(ask)
        except Unknown as error:
            return web.json_response({"error": str(error)}, status=404)
        except (ValueError, TypeError, LookupError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(found, dumps=lambda value: json.dumps(value, default=_plain))

    return handle


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


async def _help(_ask: Ask) -> Any:
    return {"routes": [f"{method} /control{path}" for method, path in ROUTES], "faults": KINDS}


# Mailboxes and folders


async def _mailboxes(ask: Ask) -> Any:
    found = ask.exchange.directory.mailboxes.values()
    return [
        {"address": one.address, "name": one.name, "aliases": one.aliases, "items": len(one.items)} for one in found
    ]


async def _add_mailbox(ask: Ask) -> Any:
    return {"address": ask.exchange.add_mailbox(ask.given["address"], **ask.keywords).address}


async def _add_entry(ask: Ask) -> Any:
    ask.exchange.add_entry(ask.given["address"], **ask.keywords)
    return {}


async def _remove_mailbox(ask: Ask) -> Any:
    ask.exchange.remove_mailbox(ask.address)
    return {}


async def _folders(ask: Ask) -> Any:
    box = ask.exchange.mailbox(ask.address)
    return [
        {
            "id": one.id,
            "path": box.path(one),
            "distinguished": one.distinguished,
            "folder_class": one.folder_class,
            "items": len(one.items),
            "unread": one.unread,
        }
        for one in box.folders.values()
    ]


async def _add_folder(ask: Ask) -> Any:
    return {"id": ask.exchange.add_folder(ask.address, **ask.given)}


async def _change_folder(ask: Ask) -> Any:
    folder = ask.exchange.folder_id(ask.address, ask.given["folder"])
    if "name" in ask.given:
        ask.exchange.rename_folder(ask.address, folder, ask.given["name"])
    if "parent" in ask.given:
        ask.exchange.move_folder(ask.address, folder, ask.given["parent"])
    return {"id": folder}


async def _delete_folder(ask: Ask) -> Any:
    ask.exchange.delete_folder(ask.address, ask.query["folder"])
    return {}


# Items


async def _items(ask: Ask) -> Any:
    found = ask.exchange.items(ask.address, ask.query.get("folder", "inbox"))
    return [asdict(one) for one in found[: int(ask.query.get("limit", "1000"))]]


async def _deliver(ask: Ask) -> Any:
    query = ask.query
    item = ask.exchange.deliver(
        ask.address,
        ask.raw,
        folder=query.get("folder", "inbox"),
        received=moment(query["received"]) if "received" in query else None,
        read=query.get("read") == "true",
        sensitivity=query.get("sensitivity"),
        importance=query.get("importance"),
        categories=[one for one in query.get("categories", "").split(",") if one],
        item_class=query.get("item_class"),
        sent=query.get("sent") == "true",
    )
    return {"id": item}


async def _send(ask: Ask) -> Any:
    given = dict(ask.given)
    at = moment(given.pop("at")) if "at" in given else None
    return ask.exchange.send(given.pop("sender"), given.pop("to"), at=at, **given)


async def _replace(ask: Ask) -> Any:
    return {"change_key": ask.exchange.replace(ask.address, ask.query["item"], ask.raw)}


async def _move(ask: Ask) -> Any:
    return {"id": ask.exchange.move(ask.address, ask.given["item"], ask.given["folder"])}


async def _copy(ask: Ask) -> Any:
    return {"id": ask.exchange.copy(ask.address, ask.given["item"], ask.given["folder"])}


async def _flag(ask: Ask) -> Any:
    return {"change_key": ask.exchange.flag(ask.address, ask.given["item"], **ask.keywords)}


async def _delete(ask: Ask) -> Any:
    return {"id": ask.exchange.delete(ask.address, ask.given["item"], **ask.keywords)}


async def _renew_ids(ask: Ask) -> Any:
    return {"items": ask.exchange.renew_ids(ask.address, **ask.given)}


async def _fill(ask: Ask) -> Any:
    given = dict(ask.given)
    until = moment(given.pop("until")) if "until" in given else None
    return {"items": ask.exchange.fill(ask.address, given.pop("count"), until=until, **given)}


async def _large(ask: Ask) -> Any:
    return {"id": ask.exchange.deliver_large(ask.address, ask.given.pop("size"), **ask.given)}


# Subscriptions, faults, requests, access


def _subscription(one: Subscription) -> dict[str, object]:
    return {
        "id": one.id,
        "mailbox": one.mailbox.address,
        "url": one.url,
        "frequency": one.frequency,
        "event_types": sorted(one.event_types),
        "everywhere": one.folders is None,
        "posts": one.posts,
        "failures": one.failures,
        "delivered": one.delivered,
        "pending": len(one.pending),
        "ended": one.ended,
    }


async def _subscriptions(ask: Ask) -> Any:
    known = [*ask.exchange.push.live.values(), *ask.exchange.push.ended]
    return [_subscription(one) for one in known]


async def _lose_subscriptions(ask: Ask) -> Any:
    return {"lost": ask.exchange.lose_subscriptions(ask.query.get("mailbox"))}


async def _error_push(ask: Ask) -> Any:
    return {"sent": await ask.exchange.error_push(**ask.given)}


async def _settle(ask: Ask) -> Any:
    await ask.exchange.settle()
    return {}


async def _faults(ask: Ask) -> Any:
    return [one.shown() for one in ask.exchange.faults.waiting]


async def _inject(ask: Ask) -> Any:
    return ask.exchange.inject(Fault(**ask.given)).shown()


async def _clear_faults(ask: Ask) -> Any:
    ask.exchange.clear_faults(int(ask.query["id"]) if "id" in ask.query else None)
    return {}


async def _latency(ask: Ask) -> Any:
    ask.exchange.latency = timedelta(milliseconds=ask.given["milliseconds"])
    return {}


async def _requests(ask: Ask) -> Any:
    return ask.exchange.requests.shown()


async def _reset_requests(ask: Ask) -> Any:
    ask.exchange.requests.reset()
    return {}


async def _user(ask: Ask) -> Any:
    ask.exchange.add_user(ask.given["name"], ask.given["password"])
    return {}


async def _lock(ask: Ask) -> Any:
    ask.exchange.lock(ask.given["account"], locked=ask.given.get("locked", True))
    return {}


async def _impersonation(ask: Ask) -> Any:
    ask.exchange.allow_impersonation(ask.given["account"], ask.given["mailboxes"])
    return {}


async def _autodiscover(ask: Ask) -> Any:
    ask.exchange.autodiscover.tell(ask.given["address"], Told(**ask.keywords))
    return {}


async def _autodiscover_asked(ask: Ask) -> Any:
    return [asdict(one) for one in ask.exchange.autodiscover.asked]


async def _token(ask: Ask) -> Any:
    return {"access_token": ask.exchange.issue_token(**ask.given)}


async def _expire_tokens(ask: Ask) -> Any:
    ask.exchange.expire_tokens()
    return {}


ROUTES: dict[tuple[str, str], Answer] = {
    ("GET", ""): _help,
    ("GET", "/mailboxes"): _mailboxes,
    ("POST", "/mailboxes"): _add_mailbox,
    ("DELETE", _BOX): _remove_mailbox,
    ("POST", "/directory"): _add_entry,
    ("GET", _BOX + "/folders"): _folders,
    ("POST", _BOX + "/folders"): _add_folder,
    ("PATCH", _BOX + "/folders"): _change_folder,
    ("DELETE", _BOX + "/folders"): _delete_folder,
    ("GET", _BOX + "/items"): _items,
    ("POST", _BOX + "/deliver"): _deliver,
    ("POST", _BOX + "/replace"): _replace,
    ("POST", _BOX + "/move"): _move,
    ("POST", _BOX + "/copy"): _copy,
    ("POST", _BOX + "/flag"): _flag,
    ("POST", _BOX + "/delete"): _delete,
    ("POST", _BOX + "/renew-ids"): _renew_ids,
    ("POST", _BOX + "/fill"): _fill,
    ("POST", _BOX + "/large"): _large,
    ("POST", "/send"): _send,
    ("GET", "/subscriptions"): _subscriptions,
    ("DELETE", "/subscriptions"): _lose_subscriptions,
    ("POST", "/subscriptions/error"): _error_push,
    ("POST", "/settle"): _settle,
    ("GET", "/faults"): _faults,
    ("POST", "/faults"): _inject,
    ("DELETE", "/faults"): _clear_faults,
    ("PUT", "/latency"): _latency,
    ("GET", "/requests"): _requests,
    ("DELETE", "/requests"): _reset_requests,
    ("PUT", "/users"): _user,
    ("PUT", "/lock"): _lock,
    ("PUT", "/impersonation"): _impersonation,
    ("PUT", "/autodiscover"): _autodiscover,
    ("GET", "/autodiscover"): _autodiscover_asked,
    ("POST", "/tokens"): _token,
    ("DELETE", "/tokens"): _expire_tokens,
}
