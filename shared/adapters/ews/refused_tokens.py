"""A token that Exchange did not take (401 or 403): which of its properties is wrong. PROTOCOL 2, 3. No I/O.

Exchange's own reason goes first; where it gives none, what the token shows of itself.
"""

from datetime import datetime

import httpx

from shared.adapters.ews.connection import Connection
from shared.adapters.ews.diagnostics import FIRST, Diagnostics, Family, read
from shared.adapters.ews.token_checks import Claims, missing_right, read_claims, why_refused
from shared.errors import Reconfigure, SyncError
from shared.model.failures import error_class
from shared.model.foreign_codes import TOKEN_FAMILIES

MAYBE_OF_ONE_MAILBOX = frozenset({"consent-missing", "token-role-missing"})
RENEWED = MAYBE_OF_ONE_MAILBOX | {
    "client-blocked",
    "token-audience-wrong",
    "token-expired",
    "token-invalid",
    "token-tenant-wrong",
}
"""Refusals after which the request is sent once more: with a new token they may be over."""

_WORDS: dict[Family, str] = {
    Family.SIGNATURE: "its signature is not accepted",
    Family.TOKEN: "it is not accepted as a token",
    Family.EXPIRED: "it has expired",
    Family.AUDIENCE: "it is for another resource",
    Family.TENANT: "it is of another tenant",
    Family.USER: "its user is not known here",
    Family.CLIENT: "its client is not let in",
    Family.INTERNAL: "Exchange could not examine it",
    Family.GRANT: "it does not grant what was asked for",
}


def token_error(response: httpx.Response, connection: Connection, now: datetime) -> SyncError | None:
    """The error for an answer 401 or 403 to a token; None where neither the answer nor the token tells more."""
    token = response.request.headers.get("authorization", "").removeprefix("Bearer ")
    diagnostics = read(response.headers.get("x-ms-diagnostics", ""))
    shown = _shown(read_claims(token), diagnostics.family, connection, now)
    if shown is not None:
        return Reconfigure(shown.code, _detail(response, connection, shown.detail, diagnostics))
    if diagnostics.family is None:
        return None
    code = TOKEN_FAMILIES[FIRST + diagnostics.family]
    return error_class(code)(code, _detail(response, connection, _WORDS[diagnostics.family], diagnostics))


def _shown(claims: Claims | None, family: Family | None, connection: Connection, now: datetime) -> Reconfigure | None:
    """What the token shows, where Exchange leaves that open: nothing said, or only that it grants too little."""
    if claims is None or connection.oauth is None:
        return None
    if family is Family.GRANT:
        return missing_right(claims)
    return why_refused(claims, connection.oauth.tenant_id, now) if family is None else None


def _detail(response: httpx.Response, connection: Connection, words: str, diagnostics: Diagnostics) -> str:
    client = connection.oauth.client_id if connection.oauth else ""
    said = " ".join(part for part in (diagnostics.reason, diagnostics.category) if part)
    detail = f"HTTP {response.status_code}: it refused the token of the client {client}: {words}"
    return f"{detail} ({said})" if said else detail
