"""SendNotification: what Exchange pushes to our listener, and what the listener answers. PROTOCOL 4.3 and 4.4.

https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxwspsntif
"""

from typing import cast
from xml.etree.ElementTree import XMLParser

from shared.errors import Invalid, SyncError
from shared.model.exchange import Notification
from shared.wire.ews.envelope import MESSAGES, SOAP
from shared.wire.ews.folders import read_id
from shared.wire.ews.reading import Element, child, local, refusal, text
from shared.wire.ews.soap_source import SoapSource

CONTENT_TYPE = "text/xml; charset=utf-8"

_MESSAGE = "SendNotificationResponseMessage"
_STATUS = "StatusEvent"


def _reply(status: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><m:SendNotificationResult xmlns:m="{MESSAGES}">'
        f"<m:SubscriptionStatus>{status}</m:SubscriptionStatus></m:SendNotificationResult></s:Body></s:Envelope>"
    ).encode()


OK = _reply("OK")
"""The event is accepted; Exchange goes on."""

UNSUBSCRIBE = _reply("Unsubscribe")
"""Exchange drops the subscription and pushes no more."""


def parse(body: bytes) -> tuple[Notification, ...]:
    """What the body says, one notification as a rule. Raises Invalid("notification-invalid") for anything else.

    Quirk: lxml keeps every name it has ever read for the life of the thread, so a stranger could fill our memory with
    invented element names. The standard library's parser forgets them.
    """
    parser = XMLParser(encoding="utf-8")
    source = SoapSource(parser)
    try:
        source.feed(body)
        root = cast("Element | None", source.close())
    except SyncError as wrong:
        raise Invalid("notification-invalid", wrong.detail) from None
    messages = () if root is None else root.iter()
    notifications = tuple(
        found for message in messages if local(message) == _MESSAGE and (found := _read_message(message)) is not None
    )
    if not notifications:
        raise Invalid("notification-invalid", "the body is SOAP, but no SendNotification")
    return notifications


def _read_message(message: Element) -> Notification | None:
    notification = child(message, "Notification")
    refused = refusal(message)
    if notification is not None:
        return _read(notification, refused.exchange_code if refused else "")
    if refused is None:
        return None
    # Quirk: an error push has no Notification; the subscription, already gone, is named in MessageXml.
    return Notification(refused.values.get("SubscriptionId", ""), error=refused.exchange_code or "unknown")


def _read(notification: Element, error: str) -> Notification:
    events = [part for part in notification if local(part).endswith("Event")]
    watermarks = [mark for event in events if (mark := text(event, "Watermark"))]
    touched = frozenset(folder for event in events for folder in _folders(event))
    return Notification(
        subscription_id=text(notification, "SubscriptionId"),
        previous_watermark=text(notification, "PreviousWatermark"),
        watermark=watermarks[-1] if watermarks else "",
        folder_ids=touched,
        folders_changed=any(_changes_folders(event, touched) for event in events),
        status_only=bool(events) and all(local(event) == _STATUS for event in events),
        error=error,
    )


def _folders(event: Element) -> set[str]:
    """The parents, new and old, of the item that an event names; an event about a folder names none."""
    if child(event, "ItemId") is None:
        return set()
    return {read_id(event, "ParentFolderId"), read_id(event, "OldParentFolderId")} - {""}


def _changes_folders(event: Element, touched: frozenset[str]) -> bool:
    """Whether the event is about a folder itself. An item's change usually brings a change of its folder with it."""
    if local(event) == _STATUS or child(event, "ItemId") is not None:
        return False
    return local(event) != "ModifiedEvent" or read_id(event, "FolderId") not in touched
