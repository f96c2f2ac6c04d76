"""Query parameters that are nearly one of the call's own: `?dryrun=true` is refused, and not taken for none.

Others that the call does not know are let pass: keys and marks of gateways stand there too.
"""

import re
from difflib import get_close_matches

from fastapi.routing import APIRoute
from starlette.requests import Request

from shared.errors import Invalid

_ALIKE = 0.8


async def refuse_misspelt(request: Request) -> None:
    """Raise Invalid("request-malformed") where a parameter is a misprint of one that the call has."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = {field.alias for field in route.dependant.query_params}
    plain = {_plain(name): name for name in known}
    for name in request.query_params:
        close = [] if name in known else get_close_matches(_plain(name), plain, 1, _ALIKE)
        if close:
            raise Invalid("request-malformed", f'query.{name}: there is no such parameter; write "{plain[close[0]]}"')


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
