"""CreateItem: send a message that is written elsewhere. PROTOCOL 9.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/createitem-operation-email-message
"""

from base64 import b64encode

from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.reading import Reader

NAME = "CreateItem"


def send_request(header: Header, mime: bytes) -> bytes:
    """Send a whole RFC 5322 message to whom its own header names, and keep no copy of it.

    With SendOnly no folder may be named.
    """
    return envelope.request(
        header,
        '<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message>'
        f'<t:MimeContent CharacterSet="UTF-8">{b64encode(mime).decode()}</t:MimeContent>'
        "</t:Message></m:Items></m:CreateItem>",
    )


class Answer:
    """Reads whether it was done; what was sent has no id. `close` raises the refusal."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> None:
        """Say that the answer is complete."""
        self._reader.close_one()
