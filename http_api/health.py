"""Whether all that the app needs answers. `/health/deep`, with a key; `/health` itself is http_health's."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from http_api import examples
from http_api.callers import needs
from http_api.documents import DeepHealth
from http_api.world import TheWorld, answers
from shared.flows.health import deep_health
from shared.model.caller import Role

router = APIRouter(prefix="/health/deep", tags=["health"], dependencies=[needs(Role.READER, Role.ADMINISTRATOR)])


@router.get(
    "",
    responses={
        **answers(200, DeepHealth, examples.DEEP_HEALTH, "Everything answers"),
        **answers(503, DeepHealth, {**examples.DEEP_HEALTH, "status": "failing"}, "Something does not"),
    },
)
async def get_deep_health(world: TheWorld) -> JSONResponse:
    """Check storage, settings, secrets and each connection to Exchange."""
    health = await deep_health(world)
    return JSONResponse(health, 200 if health["status"] == "ok" else 503)
