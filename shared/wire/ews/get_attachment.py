"""GetAttachment: one attachment's content, as a stream. PROTOCOL 10.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/getattachment-operation
"""

from shared.wire.ews import envelope
from shared.wire.ews.content_blocks import ContentBlocks
from shared.wire.ews.envelope import Header
from shared.wire.ews.legal_text import attribute

NAME = "GetAttachment"


def request(header: Header, attachment_id: str) -> bytes:
    """Ask for one attachment; an embedded item comes as MIME."""
    return envelope.request(
        header,
        "<m:GetAttachment><m:AttachmentShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:AttachmentShape>"
        f"<m:AttachmentIds><t:AttachmentId Id={attribute(attachment_id)}/></m:AttachmentIds></m:GetAttachment>",
    )


Answer = ContentBlocks
