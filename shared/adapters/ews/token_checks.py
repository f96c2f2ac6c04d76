"""What an access token says of itself, and what is wrong with that. No I/O, and no proof.

The signature is not verified: the token is ours to send, not to trust. An opaque token says nothing, and nothing is held
against it. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Reconfigure
from shared.model.clouds import CLOUDS, EXCHANGE_APPLICATION

ROLE = "full_access_as_app"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EXCHANGE = frozenset(
    {EXCHANGE_APPLICATION, *(host for cloud in CLOUDS.values() for host in cloud.hosts)}
    | {urlsplit(cloud.resource).hostname or "" for cloud in CLOUDS.values()}
)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims that matter here; empty where the token has none. `ends` is in seconds since 1970, 0 where it is not said."""

    audiences: tuple[str, ...]
    roles: tuple[str, ...]
    tenant_id: str
    client_id: str
    ends: float


def read_claims(token: str) -> Claims | None:
    """The claims of a JWT (RFC 7519, 3); None for a token of any other form."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        payload = json.loads(urlsafe_b64decode(padded))
    except (NotBase64, ValueError):
        return None
    if not isinstance(payload, dict):
        return None
    client_id = _text(payload, "appid") or _text(payload, "azp") or _text(payload, "client_id")
    ends = payload.get("exp")
    return Claims(
        audiences=_texts(payload, "aud"),
        roles=_texts(payload, "roles"),
        tenant_id=_text(payload, "tid"),
        client_id=client_id,
        ends=ends if isinstance(ends, int | float) else 0,
    )


def check_audience(token: str, scope: str) -> None:
    """Raise Reconfigure("token-audience-wrong") for a token that is meant for somebody else: it is not sent to Exchange.

    `scope` is what was asked for. Where it names Exchange, any name of Exchange will do; where it names no resource at all,
    only the server can tell.
    """
    claims, wanted = read_claims(token), _resource(scope)
    if claims is None or not claims.audiences or not wanted:
        return
    good = _EXCHANGE if wanted in _EXCHANGE else {wanted}
    if not any(_name(audience) in good for audience in claims.audiences):
        raise Reconfigure(
            "token-audience-wrong",
            f"the scope {scope} was asked for, and the token is for {', '.join(claims.audiences)}",
        )


def why_refused(claims: Claims, tenant_id: str, now: datetime) -> Reconfigure | None:
    """What is wrong with a token that Exchange has refused without a reason, as far as it tells itself; None where it does not.

    `tenant_id` may be a domain name, which no token names, or empty; then the tenant is not looked at.
    """
    if claims.ends and claims.ends <= now.timestamp():
        return Reconfigure("token-expired", "the token has expired by our clock too")
    if claims.tenant_id and _GUID.fullmatch(tenant_id) and claims.tenant_id.lower() != tenant_id.lower():
        return Reconfigure("token-tenant-wrong", f"the token is of the tenant {claims.tenant_id}, not of {tenant_id}")
    return missing_right(claims)


def missing_right(claims: Claims) -> Reconfigure | None:
    """What the `roles` lack for Exchange Web Services; None where the role is there.

    Not a reason to keep a token back: RBAC for Applications grants rights that no token shows. PROTOCOL 17.7.
    """
    if ROLE in claims.roles:
        return None
    client = f"the client {claims.client_id}" if claims.client_id else "the client"
    if not claims.roles:
        return Reconfigure(
            "consent-missing", f"the token of {client} has no roles: no permission of it was consented to"
        )
    return Reconfigure(
        "token-role-missing", f"the token of {client} has the roles {', '.join(claims.roles)}, but not {ROLE}"
    )


def _resource(scope: str) -> str:
    """The resource that a scope such as `https://outlook.office365.com/.default` is of, by its bare name."""
    resource, slash, _ = scope.strip().rpartition("/")
    return _name(resource) if slash else ""


def _name(resource: str) -> str:
    """Host of a URL, or the id as it is: audiences come with and without scheme, slash and tenant (`id/host@tenant`)."""
    bare = resource.strip().lower()
    return (urlsplit(bare).netloc or bare).partition("/")[0].partition("@")[0]


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def _texts(payload: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = payload.get(name)
    several = value if isinstance(value, list) else [value]
    return tuple(each for each in several if isinstance(each, str) and each)
