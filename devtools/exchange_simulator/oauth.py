"""A token endpoint for client credentials, as Entra ID has it, and the discovery document that leads to it.

A secret is checked; a signed assertion is accepted for any known client, its signature is not verified.
"""

from aiohttp import web

from devtools.exchange_simulator.accounts import Accounts
from devtools.exchange_simulator.tokens import LIFETIME

_UNKNOWN = 700016, "Application was not found in the directory 'Contoso'."
_WRONG = 7000215, "Invalid client secret provided."


def add_routes(app: web.Application, accounts: Accounts) -> None:
    """Serve `/oauth2/v2.0/token`, and with a tenant before it."""

    async def token(request: web.Request) -> web.Response:
        accounts.tokens.requests += 1
        form = await request.post()
        client = str(form.get("client_id", ""))
        secret = form.get("client_secret")
        known = client in accounts.clients
        proven = secret == accounts.clients.get(client) if secret is not None else bool(form.get("client_assertion"))
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if accounts.tokens.refusal:
            return _refused(*accounts.tokens.refusal)
        if not known or not proven:
            return _refused(*(_WRONG if known else _UNKNOWN))
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


def _refused(number: int, text: str) -> web.Response:
    """Entra's error answer. https://learn.microsoft.com/entra/identity-platform/reference-error-codes"""
    trace = "Trace ID: 1e7c8a4b-0000-0000-0000-000000000000 Correlation ID: 5d1f-0000 Timestamp: 2026-01-01 00:00:00Z"
    answer = {
        "error": "invalid_client",
        "error_description": f"AADSTS{number}: {text} {trace}",
        "error_codes": [number],
    }
    return web.json_response(answer, status=401)
