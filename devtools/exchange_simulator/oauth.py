"""A token endpoint for client credentials, as Entra ID has it, and the discovery document that leads to it.

A secret is checked; a signed assertion must be one of a known client, but its signature is not verified.
"""

import jwt
from aiohttp import web

from devtools.exchange_simulator.accounts import Accounts
from devtools.exchange_simulator.tokens import LIFETIME

_UNKNOWN = 700016, "Application was not found in the directory 'Contoso'."
_WRONG = 7000215, "Invalid client secret provided."
_WRONG_ASSERTION = 700027, "Client assertion failed signature validation."


def add_routes(app: web.Application, accounts: Accounts) -> None:
    """Serve `/oauth2/v2.0/token`, and with a tenant before it."""

    async def token(request: web.Request) -> web.Response:
        accounts.tokens.requests += 1
        form = await request.post()
        client = str(form.get("client_id", ""))
        secret = form.get("client_secret")
        known = client in accounts.clients
        assertion = str(form.get("client_assertion", ""))
        proven = secret == accounts.clients.get(client) if secret is not None else _speaks_for(assertion, client)
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if accounts.tokens.refusal:
            return _refused(*accounts.tokens.refusal)
        if not known or not proven:
            return _refused(*(_UNKNOWN if not known else _WRONG if secret is not None else _WRONG_ASSERTION))
        resource = str(form.get("scope", "")).removesuffix("/.default")
        issued = accounts.tokens.issue(client, audience=resource) if resource else accounts.tokens.issue(client)
        return web.json_response({"token_type": "Bearer", "expires_in": LIFETIME, "access_token": issued})

    async def discovery(request: web.Request) -> web.Response:
        origin = f"{request.scheme}://{request.host}"
        tenant = request.match_info["tenant"]
        return web.json_response(
            {
                "token_endpoint": f"{origin}/{tenant}/oauth2/v2.0/token",
                "authorization_endpoint": f"{origin}/{tenant}/oauth2/v2.0/authorize",
                "issuer": f"{origin}/{tenant}/v2.0",
            }
        )

    app.router.add_post("/oauth2/v2.0/token", token)
    app.router.add_post("/{tenant}/oauth2/v2.0/token", token)
    app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", discovery)


def _speaks_for(assertion: str, client: str) -> bool:
    """Whether it is an assertion of this client that is still good. RFC 7523, 3."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False, "verify_exp": True, "verify_aud": False})
    except jwt.InvalidTokenError:
        return False
    return bool(claims.get("sub") == claims.get("iss") == client)


def _refused(number: int, text: str) -> web.Response:
    """Entra's error answer. https://learn.microsoft.com/entra/identity-platform/reference-error-codes"""
    trace = "Trace ID: 1e7c8a4b-0000-0000-0000-000000000000 Correlation ID: 5d1f-0000 Timestamp: 2026-01-01 00:00:00Z"
    answer = {
        "error": "invalid_client",
        "error_description": f"AADSTS{number}: {text} {trace}",
        "error_codes": [number],
    }
    return web.json_response(answer, status=401)
