"""SendNotification as bytes, and what its reply says (PROTOCOL 4.3 and 4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from devtools.exchange_simulator import markup
from devtools.exchange_simulator.happenings import Happening
from devtools.exchange_simulator.identifiers import write_id
from devtools.exchange_simulator.mailbox import Mailbox

ACTION = f'"{markup.MESSAGES}/SendNotification"'
# Change keys inside events are stubs (PROTOCOL 4.2).
_ITEM_KEY, _FOLDER_KEY = "DwAAAA==", "AQAAAA=="


@dataclass(frozen=True, slots=True)
class Event:
    """A happening with the watermark that the subscription gave it; a status event has no happening."""

    watermark: str
    happening: Happening | None


def notification(
    mailbox: Mailbox,
    subscription: str,
    previous: str,
    events: Sequence[Event],
    *,
    more: bool,
    version: str,
    old_header: bool,
) -> bytes:
    """Write a Notification with its events in order."""
    shown = notification_element("m", mailbox, subscription, previous, events, more=more)
    body = (
        '<m:SendNotificationResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>'
        f"{shown}</m:SendNotificationResponseMessage>"
    )
    return _envelope(body, version, old_header)


def notification_element(
    prefix: str, mailbox: Mailbox, subscription: str, previous: str, events: Sequence[Event], *, more: bool
) -> str:
    """Write the Notification element: pushed, and in answers to GetEvents and GetStreamingEvents."""
    inside = "".join(_event(mailbox, one) for one in events)
    return (
        f"<{prefix}:Notification><t:SubscriptionId>{subscription}</t:SubscriptionId>"
        f"<t:PreviousWatermark>{previous}</t:PreviousWatermark><t:MoreEvents>{markup.boolean(more)}</t:MoreEvents>"
        f"{inside}</{prefix}:Notification>"
    )


def error_notification(subscription: str, code: str, *, version: str, old_header: bool) -> bytes:
    """Write the error form: no Notification element, the id only in MessageXml; the subscription is gone."""
    body = (
        '<m:SendNotificationResponseMessage ResponseClass="Error">'
        f"<m:MessageText>The events could not be read.</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>"
        f'<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey><m:MessageXml><t:Value Name="SubscriptionId">{subscription}'
        "</t:Value></m:MessageXml></m:SendNotificationResponseMessage>"
    )
    return _envelope(body, version, old_header)


def _envelope(message: str, version: str, old_header: bool) -> bytes:
    """Write the envelope; 2007 and 2010 put the version header in the messages namespace."""
    prefix = "m" if old_header else "t"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap11:Envelope xmlns:soap11="{markup.SOAP}" '
        f'xmlns:m="{markup.MESSAGES}" xmlns:t="{markup.TYPES}"><soap11:Header>'
        f'<{prefix}:RequestServerVersion Version="{version}"/></soap11:Header><soap11:Body><m:SendNotification>'
        f"<m:ResponseMessages>{message}</m:ResponseMessages></m:SendNotification></soap11:Body></soap11:Envelope>"
    ).encode()


def _event(mailbox: Mailbox, event: Event) -> str:
    watermark = f"<t:Watermark>{event.watermark}</t:Watermark>"
    one = event.happening
    if one is None:
        return f"<t:StatusEvent>{watermark}</t:StatusEvent>"
    element, key = ("ItemId", _ITEM_KEY) if one.folder is None else ("FolderId", _FOLDER_KEY)
    old = ""
    if one.old_parent is not None:
        old = (
            f'<t:Old{element} Id="{one.old_subject}" ChangeKey="{key}"/>'
            f'<t:OldParentFolderId Id="{_folder(mailbox, one.old_parent)}" ChangeKey="{_FOLDER_KEY}"/>'
        )
    unread = f"<t:UnreadCount>{one.unread}</t:UnreadCount>" if one.unread is not None else ""
    return (
        f"<t:{one.kind}>{watermark}<t:TimeStamp>{markup.stamp(one.at)}</t:TimeStamp>"
        f'<t:{element} Id="{one.subject}" ChangeKey="{key}"/>'
        f'<t:ParentFolderId Id="{_folder(mailbox, one.parent)}" ChangeKey="{_FOLDER_KEY}"/>{old}{unread}</t:{one.kind}>'
    )


def _folder(mailbox: Mailbox, number: int) -> str:
    return write_id("folder", mailbox.guid, number)


def subscription_status(status: int, body: bytes) -> str:
    """Give `OK` or `Unsubscribe`; anything else is a failure and gives an empty string (PROTOCOL 4.4)."""
    if status != 200:
        return ""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return ""
    found = next((one.text or "" for one in root.iter(f"{{{markup.MESSAGES}}}SubscriptionStatus")), "").strip()
    return found if found in ("OK", "Unsubscribe") else ""
