"""HTTP answers that are no SOAP answer: each status as an error that says what to do. PROTOCOL 13."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from shared.adapters.ews.connection import EXCHANGE_365, OAUTH, Connection
from shared.adapters.ews.refused_tokens import token_error
from shared.errors import Permanent, Reconfigure, SyncError, Transient
from shared.model.failures import error_class
from shared.model.foreign_codes import of_http_status
from shared.wire.ews.faults import says_ews_is_off, says_version_is_invalid

_CAUSE = "x-caserrorcode"
_LONGEST_PAUSE = timedelta(hours=1)
_SETTINGS = {"basic": "basic", "ntlm": "ntlm", "negotiate": "ntlm", "bearer": "oauth"}
_SCHEME = re.compile(r"(?:^|,)\s*(basic|ntlm|negotiate|bearer|digest)\b", re.IGNORECASE)
_TOO_LARGE = re.compile(r"too (?:large|long|big)", re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>")
_HICCUP = "/ews/genericerrorpage.htm"


def promises_soap(response: httpx.Response) -> bool:
    """Whether the body should be a SOAP answer. HTTP 500 carries faults, but error pages too."""
    return response.status_code in (200, 500) and _CAUSE not in response.headers


def status_error(response: httpx.Response, body: str, connection: Connection, now: datetime) -> SyncError:
    """The error for an answer that does not promise SOAP. `body` is the beginning of the page that came with it."""
    status = response.status_code
    if response.headers.get(_CAUSE) == "EmailAddressNotFound":
        return Reconfigure("mailbox-unknown", "Exchange knows no mailbox of that address")
    if status in (401, 403) and connection.authentication == OAUTH:
        refused = token_error(response, connection, now)
        if refused is not None:
            return refused
    if status == 401:
        return _unauthorized(response, body, connection)
    if 300 <= status < 400:
        return _redirected(response.headers.get("location", ""))
    if status == 403 and (connection.version == EXCHANGE_365 or says_ews_is_off(body)):
        return _blocked(body, connection)
    if status == 400 and _TOO_LARGE.search(body):
        return Permanent("request-too-large", f"HTTP 400: {_shown(body)}")
    code = of_http_status(status)
    kind = error_class(code)
    pause = retry_after(response.headers, now) if kind is Transient else None
    return kind(code, f"HTTP {status}{_words(status, kind)}", retry_after=pause)


_WORDS = {
    400: "the server does not understand the request",
    403: "EWS is switched off for this mailbox, or this application is blocked",
    404: "nothing is at this URL",
    405: "the URL takes no requests of this kind",
    407: "a proxy on the way asks for its own password",
    413: "the request is larger than the server allows",
    456: "the account is blocked",
    501: "the server does not do this",
}


def _words(status: int, kind: type[SyncError]) -> str:
    return "" if kind is Transient else f": {_WORDS.get(status, 'an answer that EWS does not give')}"


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long Retry-After says to wait, an hour at most: seconds, or a date. RFC 9110, 10.2.3."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal() and len(value) < 9:
        return min(timedelta(seconds=int(value)), _LONGEST_PAUSE)
    try:
        return min(max(parsedate_to_datetime(value) - now, timedelta(0)), _LONGEST_PAUSE)
    except (ValueError, TypeError):
        return None


def _blocked(body: str, connection: Connection) -> SyncError:
    client = connection.oauth.client_id if connection.oauth and connection.oauth.client_id else "<client id>"
    said = _shown(body)
    return Reconfigure(
        "ews-blocked",
        f"HTTP 403{f': {said}' if said else ''}; for the organization "
        f'`Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs "{client}"`',
    )


def _shown(page: str) -> str:
    return " ".join(_MARKUP.sub(" ", page).split())[:200]


def _unauthorized(response: httpx.Response, body: str, connection: Connection) -> SyncError:
    if "locked out" in body.lower():
        return Reconfigure("account-locked", f"HTTP 401: the account of connection {connection.name} is locked out")
    offered = [name for value in response.headers.get_list("www-authenticate") for name in _SCHEME.findall(value)]
    choices = list(dict.fromkeys(_SETTINGS[name.lower()] for name in offered if name.lower() in _SETTINGS))
    diagnostics = response.headers.get("x-ms-diagnostics", "")
    detail = f"HTTP 401: the server offers {', '.join(dict.fromkeys(offered)) or 'no way to sign in'}"
    if connection.authentication in choices or not choices:
        detail += f"; it refused the {_credentials(connection)}"
    else:
        detail += f"; set connections.{connection.name}.authentication to {' or '.join(choices)}"
    return Reconfigure("authentication-failed", f"{detail}{f' ({diagnostics})' if diagnostics else ''}")


def _credentials(connection: Connection) -> str:
    if connection.authentication == "oauth":
        return f"token of the client {connection.oauth.client_id if connection.oauth else ''}"
    return f"user name and password in the secrets {connection.name}-username and {connection.name}-password"


def _redirected(location: str) -> SyncError:
    # Quirk: a hiccup of the server looks like a redirect to its error page; every other one leads elsewhere or to a login.
    if _HICCUP in location.lower():
        return Transient("exchange-unavailable", f"redirected to the error page {location}")
    return Reconfigure("redirected", f"the server sends us to {location or 'nowhere'}; credentials do not follow")


def error_page(wrong: SyncError) -> SyncError:
    """The error for HTTP 500 whose body turned out not to be SOAP: the server is in trouble, the URL is not wrong."""
    if wrong.code not in _NO_SOAP:
        return wrong
    if says_version_is_invalid(wrong.detail):
        return Reconfigure("version-not-supported", f"HTTP 500: {wrong.detail}")
    return Transient("exchange-unavailable", f"HTTP 500: {wrong.detail}")


_NO_SOAP = frozenset({"not-exchange", "url-wrong"})
