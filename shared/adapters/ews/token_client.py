"""Fetches an access token by client credentials, with msal's OAuth client. Blocking: call it in a thread. PROTOCOL 3.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from shared.adapters.ews.connection import OAuth
from shared.adapters.ews.token_refusals import refusal
from shared.adapters.ews.transport_errors import transport_error
from shared.errors import Reconfigure, Transient

_TIMEOUT_SECONDS = 30
_DEFAULT_LIFETIME = timedelta(hours=1)
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a header can hold as a bearer token. RFC 6750, 2.1."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and for how long it is good."""

    value: str
    lifetime: timedelta


def fetch_token(oauth: OAuth, *, secret: str | None, assertion: str | None, trust: ssl.SSLContext) -> Token:
    """Ask for a token, proving who we are by a signed assertion or else by the secret.

    Only `trust` decides whom we believe: no proxy and no authorities of the environment (`REQUESTS_CA_BUNDLE`).
    Raises what `token_refusals` names, Transient("token-unavailable"), or what is wrong with the connection.
    """
    # Not on the cold-start path: msal takes 200 ms to import and Basic never needs it.
    from msal.oauth2cli import Client

    endpoint = oauth.token_endpoint
    proof: dict[str, Any] = {"client_secret": None, "default_body": {"client_secret": secret}}
    if assertion:
        proof = {"client_assertion": assertion, "client_assertion_type": Client.CLIENT_ASSERTION_TYPE_JWT}
    try:
        with httpx.Client(verify=trust, trust_env=False, timeout=_TIMEOUT_SECONDS) as http:
            client = Client({"token_endpoint": endpoint}, oauth.client_id, http_client=http, **proof)
            answer = client.obtain_token_for_client(scope=[oauth.scope])
    except httpx.HTTPStatusError as wrong:
        raise Transient("token-unavailable", f"{endpoint} answers HTTP {wrong.response.status_code}") from None
    except httpx.HTTPError as wrong:
        raise transport_error(wrong, endpoint) from None
    except ValueError:
        raise Reconfigure("token-refused", f"{endpoint} does not answer as a token endpoint") from None
    return _read(answer if isinstance(answer, dict) else {}, endpoint)


def _read(answer: Mapping[str, Any], endpoint: str) -> Token:
    value = answer.get("access_token")
    if isinstance(value, str) and _BEARER.fullmatch(value):
        return Token(value, _lifetime(answer.get("expires_in")))
    raise refusal(answer, endpoint)


def _lifetime(seconds: object) -> timedelta:
    """`expires_in`, which is only recommended (RFC 6749, 5.1) and comes as text from some servers."""
    written = str(seconds)
    return timedelta(seconds=int(written)) if written.isdecimal() and len(written) < 9 else _DEFAULT_LIFETIME
