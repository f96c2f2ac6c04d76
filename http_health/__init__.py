"""Whether the app lives: open to everybody, touches nothing. What it needs is checked at `/health/deep`, with a key."""

import json

import azure.functions as func

from shared.model.failures import failure

bp = func.Blueprint()


@bp.function_name("http_health")
@bp.route(route="health", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def http_health(req: func.HttpRequest) -> func.HttpResponse:
    """Answer that the app lives; `deep=true` is refused here, where no key was asked for."""
    if req.params.get("deep", "false").lower() in ("true", "1"):
        return _key_required()
    return _answer({"status": "ok"}, 200, "application/json")


def _key_required() -> func.HttpResponse:
    entry = failure("key-required")
    document = {
        "type": f"urn:exchange-crm-sync:failure:{entry.code}",
        "title": entry.cause,
        "status": 401,
        "detail": "`GET /api/health/deep` checks storage, settings, secrets and Exchange",
        "code": entry.code,
        "remedy": entry.remedy,
    }
    return _answer(document, 401, "application/problem+json")


def _answer(document: dict[str, object], status: int, media_type: str) -> func.HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return func.HttpResponse(json.dumps(document), status_code=status, headers=headers, mimetype=media_type)
