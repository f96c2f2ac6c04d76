"""What the CRM and administrators call: JSON over HTTP, described in docs/api.md. One function behind all its routes.

This module stays light, since every cold start imports it; the application itself is `http_api/app.py`.
"""

import logging
import os
from functools import cache

import azure.functions as func

bp = func.Blueprint()
SIGNS_IN = os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() == "true"
"""Whether App Service Authentication stands before the app. Azure itself says so; then a token is what opens, and the key
that the host would ask for beside it is not needed. The app lets nobody in whom the platform does not name."""


@bp.function_name("http_api")
@bp.route(
    route="{*path}",
    methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    auth_level=func.AuthLevel.ANONYMOUS if SIGNS_IN else func.AuthLevel.FUNCTION,
)
async def http_api(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer one request of the application or of an administrator."""
    answer: func.HttpResponse = await _application().handle_async(req, context)
    return answer


@cache
def _application() -> func.AsgiMiddleware:
    # Imported on the first call: FastAPI costs 180 ms, which no queue or timer should pay.
    from http_api.app import create_app
    from shared.compose import settings_changed, the_world

    logging.getLogger().addFilter(_is_no_answer)
    local = os.environ.get("AZURE_FUNCTIONS_ENVIRONMENT") == "Development"
    app = create_app(the_world, local=local, signs_in=SIGNS_IN, settings_changed=settings_changed)
    return func.AsgiMiddleware(app)


def _is_no_answer(record: logging.LogRecord) -> bool:
    """Quirk: azure.functions writes every answer, mail and all, into the root logger at DEBUG. A logger's filter is asked for
    what is logged by that logger itself, and nobody else uses this one so."""
    return record.levelno > logging.DEBUG
