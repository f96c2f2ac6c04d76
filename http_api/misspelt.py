"""Query parameters that the call does not have: `?dryrun=true` must not do what was only to be looked at.

A call that changes something refuses each one. One that only reads refuses what is nearly its own: keys and marks of gateways,
and ways around a cache, stand there too.
"""

import re
from difflib import get_close_matches

from fastapi.routing import APIRoute
from starlette.requests import Request

from http_api.audited import READING
from shared.errors import Invalid

_OF_THE_HOST = frozenset({"code", "clientId"})
"""What the Functions host reads: its key may stand in the address."""
_ALIKE = 0.8


async def refuse_misspelt(request: Request) -> None:
    """Raise Invalid("request-malformed") for a parameter that the call does not have."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = [parameter.alias for parameter in route.dependant.query_params]
    for name in request.query_params:
        if name in known or name in _OF_THE_HOST:
            continue
        close = get_close_matches(_plain(name), map(_plain, known), 1, _ALIKE)
        if close or request.method not in READING:
            raise Invalid("request-malformed", f"query.{name}: there is no such parameter; {_there(known, close)}")


def _there(known: list[str], close: list[str]) -> str:
    meant = [name for name in known if _plain(name) in close]
    if meant:
        return f'write "{meant[0]}"'
    return f"there are: {', '.join(known)}" if known else "this call has none"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
