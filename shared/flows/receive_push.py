"""The listener's whole answer to an HTTP POST of Exchange's: who may speak, what is readable, what is told back.

PROTOCOL 4.3, 4.4 and 4.8. The key in the path is checked in constant time before storage is touched.
"""

import logging
from dataclasses import dataclass

from shared.errors import Invalid, SyncError
from shared.flows.keep_subscription import SECRET
from shared.flows.receive_notification import Reply, receive_notification
from shared.model.keys import mailbox_of_listener_key
from shared.ports import World
from shared.wire.ews import send_notification

log = logging.getLogger(__name__)
LARGEST_BODY = 1024 * 1024
NO_SUCH_LISTENER = b"no such listener"
"""How a key that we did not make is refused; the doctor knows the listener by it."""


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """An HTTP status and a body: XML with 200, else a short sentence."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


async def receive_push(world: World, key: str, body: bytes) -> PushAnswer:
    """Answer one POST. 404 for a key we did not make, 413 for a large body, 400 for what is no notification, 503 when
    it could not be noted: Exchange then repeats it."""
    try:
        secret = await world.secrets.get(SECRET)
        mailbox_key = mailbox_of_listener_key(secret, key) if secret else None
        if mailbox_key is None:
            return PushAnswer(404, NO_SUCH_LISTENER)
        if len(body) > LARGEST_BODY:
            return PushAnswer(413, b"a notification has at most 1 MiB")
        reply = await receive_notification(world, mailbox_key, send_notification.parse(body))
    except Invalid:
        return PushAnswer(400, b"this is no SendNotification of Exchange's")
    except SyncError as failure:
        log.warning("a notification could not be noted: %s", failure.code)
        return PushAnswer(503, b"try again")
    answer = send_notification.OK if reply is Reply.OK else send_notification.UNSUBSCRIBE
    return PushAnswer(200, answer, send_notification.CONTENT_TYPE)
