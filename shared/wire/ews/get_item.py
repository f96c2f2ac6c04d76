"""GetItem: full emails, the existence of items, or one item as MIME. PROTOCOL 7.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/getitem-operation
"""

from collections.abc import Callable, Iterable, Sequence

from shared.model.email import Email
from shared.wire.ews import envelope
from shared.wire.ews.content_blocks import ContentBlocks
from shared.wire.ews.emails import read_email
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import Refusal, error, is_throttling
from shared.wire.ews.folders import read_id
from shared.wire.ews.legal_text import attribute
from shared.wire.ews.properties import BODY, HEADERS, TEXT_BODY, item_shape
from shared.wire.ews.reading import Element, Reader, child, refusal

NAME = "GetItem"


def request(header: Header, ids: Sequence[str], *, bodies: bool = True) -> bytes:
    """Ask for everything of these emails; without `bodies` where a body cannot be read."""
    bodies_asked = ((BODY, TEXT_BODY) if header.knows_text_body else (BODY,)) if bodies else ()
    options = "<t:BodyType>Best</t:BodyType>" if bodies else ""
    return _request(header, item_shape(header, *HEADERS, *bodies_asked, options=options), ids)


def ids_request(header: Header, ids: Sequence[str]) -> bytes:
    """Ask for the ids alone, to learn whether the items are there."""
    return _request(header, item_shape(header), ids)


def mime_request(header: Header, item_id: str) -> bytes:
    """Ask for one item as RFC 5322."""
    shape = item_shape(header, options="<t:IncludeMimeContent>true</t:IncludeMimeContent>")
    return _request(header, shape, [item_id])


def _request(header: Header, shape: str, ids: Iterable[str]) -> bytes:
    item_ids = "".join(f"<t:ItemId Id={attribute(item_id)}/>" for item_id in ids)
    return envelope.request(header, f"<m:GetItem>{shape}<m:ItemIds>{item_ids}</m:ItemIds></m:GetItem>")


class Answer[Fact]:
    """One outcome for each id, in the order asked: what `read` makes of the item, or the server's refusal.

    Quirk: the message of a refused item does not name it; its place does.
    """

    def __init__(self, read: Callable[[Element], Fact]) -> None:
        self._read = read
        self._outcomes: list[Fact | Refusal] = []
        self._reader = Reader(NAME, "ResponseMessages", self._take)
        self.feed = self._reader.feed

    def close(self) -> tuple[Fact | Refusal, ...]:
        """The outcomes, once the answer is complete. Raises when the server was too busy for any of them."""
        self._reader.close()
        throttled = [outcome for outcome in self._outcomes if isinstance(outcome, Refusal) and is_throttling(outcome)]
        if throttled and len(throttled) == len(self._outcomes):
            raise error(throttled[0])
        return tuple(self._outcomes)

    def _take(self, message: Element) -> None:
        if refused := refusal(message):
            self._outcomes.append(refused)
            return
        items = child(message, "Items")
        if items is None or not len(items):
            self._outcomes.append(Refusal("", "success, but no item"))
        else:
            self._outcomes.append(self._read(items[0]))


def emails() -> Answer[Email]:
    """Reads the answer to `request`."""
    return Answer(read_email)


def ids() -> Answer[str]:
    """Reads the answer to `ids_request`."""
    return Answer(lambda item: read_id(item, "ItemId"))


MimeAnswer = ContentBlocks
"""Reads the answer to `mime_request`."""
