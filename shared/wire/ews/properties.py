"""The property paths we ask for, as shapes. PROTOCOL 7.1 and 7.2.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/itemshape
"""

import re

from shared.wire.ews.envelope import Header

SEARCH_KEY = '<t:ExtendedFieldURI PropertyTag="0x300B" PropertyType="Binary"/>'
"""PidTagSearchKey: stays the same when an item moves or is copied."""


_NAME = re.compile(r'(?:FieldURI|PropertyTag)="([^"]*)"')


def field_uri(name: str) -> str:
    """A plain property path."""
    return f'<t:FieldURI FieldURI="{name}"/>'


def path_name(path: str) -> str:
    """The name by which a server refuses a path: the FieldURI, or the tag of an extended property."""
    found = _NAME.search(path)
    return found[1].lower() if found and found[1].startswith("0x") else found[1] if found else ""


def item_shape(header: Header, *paths: str, options: str = "") -> str:
    """An ItemShape of ids and those of the property paths that the server does not refuse; `options` are the elements
    between BaseShape and the paths."""
    asked = [path for path in paths if path_name(path) not in header.without]
    additional = f"<t:AdditionalProperties>{''.join(asked)}</t:AdditionalProperties>" if asked else ""
    return f"<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{options}{additional}</m:ItemShape>"


_STUB = "item:Subject item:DateTimeReceived item:DateTimeSent item:Sensitivity item:Size message:IsRead"
STUB = tuple(map(field_uri, _STUB.split()))
"""What a listing says of an item, all of it available from FindItem and SyncFolderItems. PROTOCOL 7.3."""

_HEADERS = """
    item:ParentFolderId item:ItemClass item:Subject item:Sensitivity item:Attachments item:DateTimeReceived item:Size
    item:Categories item:Importance item:InReplyTo item:IsDraft item:DateTimeSent item:DateTimeCreated
    item:HasAttachments item:ConversationId message:Sender message:ToRecipients message:CcRecipients
    message:BccRecipients message:ConversationTopic message:From message:InternetMessageId message:IsRead
    message:References message:ReplyTo
"""
HEADERS = (*map(field_uri, _HEADERS.split()), SEARCH_KEY)
"""Everything of an email but its bodies."""

BODY = field_uri("item:Body")
TEXT_BODY = field_uri("item:TextBody")

FOLDER_SHAPE = (
    "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    + "".join(field_uri(f"folder:{name}") for name in ("ParentFolderId", "DisplayName", "FolderClass"))
    + "</t:AdditionalProperties></m:FolderShape>"
)
