"""Fetches an access token by client credentials, with msal's OAuth client. Blocking: call it in a thread. PROTOCOL 3.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from shared.adapters.ews.connection import OAuth
from shared.adapters.ews.transport_errors import transport_error
from shared.errors import Reconfigure, Transient

_TIMEOUT_SECONDS = 30
_DEFAULT_LIFETIME_SECONDS = 3600
_PASSING = frozenset({"temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True)
class _Cloud:
    authority: str
    scope: str


_CLOUDS = {
    "global": _Cloud("https://login.microsoftonline.com", "https://outlook.office365.com/.default"),
    "us_government": _Cloud("https://login.microsoftonline.us", "https://outlook.office365.us/.default"),
    "china": _Cloud("https://login.partner.microsoftonline.cn", "https://partner.outlook.cn/.default"),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and for how long it is good."""

    value: str
    lifetime: timedelta


def token_endpoint(oauth: OAuth) -> str:
    """Where the token comes from: as set, or by tenant and cloud."""
    if oauth.token_endpoint:
        return oauth.token_endpoint
    if not oauth.tenant_id:
        raise Reconfigure("token-refused", "oauth needs a tenant_id, or a token_endpoint")
    return f"{_cloud(oauth).authority}/{oauth.tenant_id}/oauth2/v2.0/token"


def _cloud(oauth: OAuth) -> _Cloud:
    found = _CLOUDS.get(oauth.cloud)
    if found is None:
        raise Reconfigure("token-refused", f"oauth.cloud is {oauth.cloud!r}; it can be {', '.join(_CLOUDS)}")
    return found


def fetch_token(oauth: OAuth, *, secret: str | None, certificate: str | None, trust: ssl.SSLContext) -> Token:
    """Ask for a token; `certificate` is PEM with its private key and is preferred to the secret.

    Raises Reconfigure("token-refused"), Transient("token-unavailable"), or what is wrong with the connection.
    """
    # Not on the cold-start path: msal takes 200 ms to import and Basic never needs it.
    from msal.oauth2cli import Client

    endpoint = token_endpoint(oauth)
    proof: dict[str, Any] = {"client_secret": None, "default_body": {"client_secret": secret}}
    if certificate:
        proof = {
            "client_assertion": _assertion(oauth, certificate, endpoint),
            "client_assertion_type": Client.CLIENT_ASSERTION_TYPE_JWT,
        }
    try:
        with httpx.Client(verify=trust, trust_env=False, timeout=_TIMEOUT_SECONDS) as http:
            client = Client({"token_endpoint": endpoint}, oauth.client_id, http_client=http, **proof)
            answer = client.obtain_token_for_client(scope=[oauth.scope or _cloud(oauth).scope])
    except httpx.HTTPStatusError as wrong:
        raise Transient("token-unavailable", f"{endpoint} answers HTTP {wrong.response.status_code}") from None
    except httpx.HTTPError as wrong:
        raise transport_error(wrong, endpoint) from None
    except ValueError:
        raise Reconfigure("token-refused", f"{endpoint} does not answer as a token endpoint") from None
    return _read(answer if isinstance(answer, dict) else {}, endpoint)


def _read(answer: dict[str, Any], endpoint: str) -> Token:
    value = answer.get("access_token")
    if isinstance(value, str) and value:
        return Token(value, timedelta(seconds=float(answer.get("expires_in") or _DEFAULT_LIFETIME_SECONDS)))
    reason = f"{endpoint}: {answer.get('error', 'no token')} {answer.get('error_description', '')}".rstrip()
    if answer.get("error") in _PASSING:
        raise Transient("token-unavailable", reason)
    raise Reconfigure("token-refused", reason)


def _assertion(oauth: OAuth, certificate: str, endpoint: str) -> bytes:
    # Imported here to stay off the cold start: only a connection that signs in by certificate needs them.
    # Not on the cold-start path, as above.
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from jwt.exceptions import PyJWTError
    from msal.oauth2cli import JwtAssertionCreator

    try:
        thumbprint = x509.load_pem_x509_certificate(certificate.encode()).fingerprint(SHA256()).hex()
        creator = JwtAssertionCreator(certificate, "PS256", sha256_thumbprint=thumbprint)
        assertion: bytes = creator.create_normal_assertion(audience=endpoint, issuer=oauth.client_id)
    except (ValueError, PyJWTError) as wrong:
        raise Reconfigure("token-refused", f"the client certificate is no PEM with an RSA key: {wrong}") from None
    return assertion
