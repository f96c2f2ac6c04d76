"""HTTP: Exchange says that something changed. Open to whoever knows the key in the path; answers in well under a second."""

import azure.functions as func

from shared.compose import the_world
from shared.flows.receive_push import receive_push

bp = func.Blueprint()


@bp.route("ews/notifications/{key}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def push_listener(req: func.HttpRequest) -> func.HttpResponse:
    """SendNotification in, SendNotificationResult out."""
    answer = await receive_push(await the_world(), req.route_params["key"], req.get_body())
    return func.HttpResponse(answer.body, status_code=answer.status, headers={"Content-Type": answer.content_type})
