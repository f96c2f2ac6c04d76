"""GetAttachment: contents of attachments, streamed. Source: PROTOCOL 10, wsr/getattachment-operation."""

from collections.abc import Iterable
from functools import cache

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, attachment_identifier, elements, found_item
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mail import Attachment
from devtools.exchange_simulator.rendering import AttachedItem, attachment
from devtools.exchange_simulator.shapes import Shape, pieces, read_shape
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, Streamed


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per attachment id."""

    @cache
    def shape() -> Shape:
        return read_shape(call.body.find(M + "AttachmentShape"), call.version, brief=False)

    def one(element: Element) -> list[Piece]:
        known = attachment_identifier(element.get("Id") or "")
        item = found_item(call, known)
        found = _attachment(item, known.path)
        inside = _content(call, item, found, known.path, shape())
        return ["<m:Attachments>", *attachment(item, found, known.path, inside), "</m:Attachments>"]

    return answered(call, elements(call.body.find(M + "AttachmentIds")), one, empty="<m:Attachments/>")


def _attachment(item: Item, path: tuple[int, ...]) -> Attachment:
    """Follow the path through attached messages. Raises ItemError."""
    facts = item.facts()
    for step, number in enumerate(path):
        if number >= len(facts.attachments):
            break
        found = facts.attachments[number]
        if step == len(path) - 1:
            return found
        if found.message is None:
            break
        facts = found.message.facts()
    raise ItemError("ErrorItemNotFound", "The attachment was not found.")


def _content(call: Call, item: Item, found: Attachment, path: tuple[int, ...], shape: Shape) -> list[Piece]:
    if found.message is None:
        return ["<t:Content>", Streamed(found.blocks), "</t:Content>"]
    return pieces(AttachedItem(found.message, item, {}), item, call.mailbox, shape, path)
