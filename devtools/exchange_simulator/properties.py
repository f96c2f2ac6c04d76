"""The table of item properties: path, where it can be asked for, and how it is written, in the schema's order.

Sources: Types.xsd (ItemType, MessageType, MeetingMessageType and its kin), PROTOCOL 7.3 and 7.4.
"""

from dataclasses import dataclass

from devtools.exchange_simulator import appointment_properties, contacts, meeting_properties
from devtools.exchange_simulator.conversations import conversation_id, conversation_index
from devtools.exchange_simulator.identifiers import write_id
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.markup import boolean
from devtools.exchange_simulator.rendering import (
    Render,
    Rendering,
    attachments,
    binary,
    body,
    body_text,
    headers,
    kept,
    people,
    person,
    string,
    strings,
    time,
    truth,
)

ITEM, MESSAGE, MEETING = "item", "message", "meeting"
_MEETINGS = frozenset({"MeetingRequest", "MeetingResponse", "MeetingCancellation"})
_MESSAGES = _MEETINGS | {"Message"}
_ALL = _MESSAGES | {"Item", "PostItem", "CalendarItem", "Contact", "DistributionList"}
_POSTED = _MESSAGES | {"PostItem"}


_AT_START = "<t:ReminderMinutesBeforeStart>0</t:ReminderMinutesBeforeStart>"
_NO_RESPONSE = "<t:IsResponseRequested>false</t:IsResponseRequested>"


@dataclass(frozen=True, slots=True)
class Property:
    """`elements` are the item elements that have it, `find` whether Find and Sync give it, `shape` the least shape."""

    path: str
    render: Render
    elements: frozenset[str] = _ALL
    find: bool = True
    since: str = "Exchange2007"
    shape: str = "AllProperties"


def element_name(item_class: str) -> str:
    """Give the element that shows an item of this class (PROTOCOL 5, Create/Update)."""
    kind = item_class.upper()
    if kind == "IPM.NOTE" or kind.startswith(("IPM.NOTE.", "REPORT.")):
        return "Message"
    if kind == "IPM.POST" or kind.startswith("IPM.POST."):
        return "PostItem"
    for word, element in (
        ("IPM.APPOINTMENT", "CalendarItem"),
        ("IPM.CONTACT", "Contact"),
        ("IPM.DISTLIST", "DistributionList"),
    ):
        if kind == word or kind.startswith(word + "."):
            return element
    for word, element in (
        ("REQUEST", "MeetingRequest"),
        ("RESP", "MeetingResponse"),
        ("CANCELED", "MeetingCancellation"),
    ):
        if kind.startswith("IPM.SCHEDULE.MEETING." + word):
            return element
    return "Item"


def item_id(view: Rendering) -> str:
    """The item's id and change key; a message inside an attachment has none."""
    item = view.item
    return f'<t:ItemId Id="{item.id}" ChangeKey="{item.change_key}"/>' if isinstance(item, Item) else ""


def _parent(view: Rendering) -> str:
    folder = view.root.folder
    shown = f'<t:ParentFolderId Id="{folder.id}" ChangeKey="{folder.change_key}"/>'
    return shown if isinstance(view.item, Item) else ""


def _from_me(view: Rendering) -> bool:
    return bool(view.facts.from_) and view.facts.from_.address.casefold() == view.mailbox.address.casefold()  # type: ignore[union-attr]


def _names(which: str) -> Render:
    def value(view: Rendering) -> str:
        return "; ".join(one.name or one.address for one in getattr(view.facts, which))

    return lambda view: string(f"Display{which.title()}", value)(view) or f"<t:Display{which.title()}/>"


def _response_objects(view: Rendering) -> str:
    of_meeting = "".join(f"<t:{one}/>" for one in appointment_properties.response_objects(view))
    return f"<t:ResponseObjects>{of_meeting}<t:ReplyToItem/><t:ReplyAllToItem/><t:ForwardItem/></t:ResponseObjects>"


def _rights(_view: Rendering) -> str:
    return (
        "<t:EffectiveRights><t:CreateAssociated>false</t:CreateAssociated><t:CreateContents>false</t:CreateContents>"
        "<t:CreateHierarchy>false</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
        "<t:Read>true</t:Read></t:EffectiveRights>"
    )


def _conversation(view: Rendering) -> str:
    return f'<t:ConversationId Id="{conversation_id(view.mailbox.guid, view.facts)}"/>'


def _instance_key(view: Rendering) -> bytes:
    return write_id("item", view.mailbox.guid, view.root.number).encode()[-12:]


PROPERTIES: tuple[Property, ...] = (
    Property("item:ItemId", item_id, shape="IdOnly"),
    Property("item:ParentFolderId", _parent),
    Property("item:ItemClass", string("ItemClass", lambda view: view.item.item_class)),
    Property("item:Subject", string("Subject", lambda view: view.item.subject), shape="Default"),
    Property("item:Sensitivity", string("Sensitivity", lambda view: view.item.sensitivity), shape="Default"),
    Property("item:Body", body("Body", None), find=False, shape="Default"),
    Property("item:Attachments", attachments, find=False, shape="Default"),
    Property("item:DateTimeReceived", time("DateTimeReceived", lambda view: view.item.received)),
    Property("item:Size", string("Size", lambda view: str(min(view.item.size, 2**31 - 1))), shape="Default"),
    Property("item:Categories", strings("Categories", lambda view: view.item.categories)),
    Property("item:Importance", string("Importance", lambda view: view.item.importance)),
    Property("item:InReplyTo", string("InReplyTo", lambda view: view.facts.in_reply_to)),
    Property("item:IsSubmitted", truth("IsSubmitted", lambda _: False)),
    Property("item:IsDraft", truth("IsDraft", lambda view: view.item.is_draft)),
    Property("item:IsFromMe", truth("IsFromMe", _from_me)),
    Property("item:IsResend", truth("IsResend", lambda _: False)),
    Property("item:IsUnmodified", truth("IsUnmodified", lambda view: not view.item.is_draft)),
    Property("item:InternetMessageHeaders", headers, find=False),
    Property(
        "item:DateTimeSent", time("DateTimeSent", lambda view: view.facts.sent or view.item.received), shape="Default"
    ),
    Property("item:DateTimeCreated", time("DateTimeCreated", lambda view: view.item.created)),
    Property("item:ResponseObjects", _response_objects, find=False),
    Property("item:ReminderDueBy", kept("item:ReminderDueBy")),
    Property("item:ReminderIsSet", kept("item:ReminderIsSet", "<t:ReminderIsSet>false</t:ReminderIsSet>")),
    Property("item:ReminderMinutesBeforeStart", kept("item:ReminderMinutesBeforeStart", _AT_START)),
    Property("item:DisplayCc", _names("cc")),
    Property("item:DisplayTo", _names("to")),
    Property("item:DisplayBcc", _names("bcc"), since="Exchange2016"),
    Property("item:HasAttachments", truth("HasAttachments", lambda view: view.facts.has_attachments), shape="Default"),
    Property("extended", lambda _: "", shape="never"),
    Property("item:Culture", kept("item:Culture", "<t:Culture>en-US</t:Culture>")),
    Property("item:EffectiveRights", _rights),
    Property("item:LastModifiedName", string("LastModifiedName", lambda view: view.mailbox.name)),
    Property("item:LastModifiedTime", time("LastModifiedTime", lambda view: view.item.modified)),
    Property("item:IsAssociated", truth("IsAssociated", lambda _: False), since="Exchange2010"),
    Property("item:ConversationId", _conversation, since="Exchange2010"),
    Property("item:UniqueBody", body("UniqueBody", None), find=False, since="Exchange2010", shape="never"),
    Property(
        "item:Flag",
        lambda view: f"<t:Flag><t:FlagStatus>{view.item.flag}</t:FlagStatus></t:Flag>",
        since="Exchange2013",
    ),
    Property("item:InstanceKey", binary("InstanceKey", _instance_key), since="Exchange2013"),
    Property("item:NormalizedBody", body("NormalizedBody", "HTML"), find=False, since="Exchange2013", shape="never"),
    Property("item:Preview", string("Preview", lambda view: body_text(view.facts)[:255]), since="Exchange2013"),
    Property("item:TextBody", body("TextBody", "Text"), find=False, since="Exchange2013", shape="never"),
    Property("message:Sender", person("Sender", lambda view: view.facts.sender), _MESSAGES),
    Property(
        "message:ToRecipients", people("ToRecipients", lambda view: view.facts.to), _MESSAGES, False, shape="Default"
    ),
    Property(
        "message:CcRecipients", people("CcRecipients", lambda view: view.facts.cc), _MESSAGES, False, shape="Default"
    ),
    Property(
        "message:BccRecipients", people("BccRecipients", lambda view: view.facts.bcc), _MESSAGES, False, shape="Default"
    ),
    Property(
        "message:IsReadReceiptRequested",
        truth("IsReadReceiptRequested", lambda view: view.facts.read_receipt),
        _MESSAGES,
    ),
    Property(
        "message:IsDeliveryReceiptRequested",
        truth("IsDeliveryReceiptRequested", lambda view: view.facts.delivery_receipt),
        _MESSAGES,
    ),
    Property(
        "message:ConversationIndex", binary("ConversationIndex", lambda view: conversation_index(view.facts)), _POSTED
    ),
    Property("message:ConversationTopic", string("ConversationTopic", lambda view: view.facts.topic), _POSTED),
    Property("message:From", person("From", lambda view: view.facts.from_), _POSTED, shape="Default"),
    Property("message:InternetMessageId", string("InternetMessageId", lambda view: view.facts.message_id), _POSTED),
    Property(
        "message:IsRead", lambda view: f"<t:IsRead>{boolean(view.item.is_read)}</t:IsRead>", _POSTED, shape="Default"
    ),
    Property("message:IsResponseRequested", kept("message:IsResponseRequested", _NO_RESPONSE), _MESSAGES),
    Property("message:References", string("References", lambda view: view.facts.references), _POSTED),
    Property("message:ReplyTo", people("ReplyTo", lambda view: view.facts.reply_to), _MESSAGES, False),
    *(
        Property(path, render, elements, find=find, shape=shape)
        for path, render, elements, find, shape in meeting_properties.ROWS
    ),
    *(
        Property(path, render, frozenset({"CalendarItem"}), find, appointment_properties.since(path), "Default")
        for path, render, find in appointment_properties.renders()
    ),
    *(Property(path, render, frozenset({"Contact"}), shape="Default") for path, render in contacts.renders()),
)

BY_PATH = {one.path: one for one in PROPERTIES}
EXTENDED_PLACE = next(place for place, one in enumerate(PROPERTIES) if one.path == "extended")
_SCHEDULING = (
    "RequiredAttendees",
    "OptionalAttendees",
    "Resources",
    "Recurrence",
    "ModifiedOccurrences",
    "DeletedOccurrences",
    "FirstOccurrence",
    "LastOccurrence",
    "StartTimeZone",
    "EndTimeZone",
    "MeetingTimeZone",
)
GET_ONLY_ELSEWHERE = frozenset(f"calendar:{name}" for name in _SCHEDULING) | {
    "item:MimeContent",
    "item:EntityExtractionResult",
    "item:InternetMessageHeader",
}
