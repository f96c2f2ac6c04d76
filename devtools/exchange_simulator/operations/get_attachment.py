"""GetAttachment: contents of attachments, streamed. Source: PROTOCOL 10, wsr/getattachment-operation."""

from collections.abc import Iterable
from functools import cache

from devtools.exchange_simulator.attachments import attachment_at
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, attachment_identifier, elements, found_item
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mail import Attachment
from devtools.exchange_simulator.rendering import AttachedItem, attachment
from devtools.exchange_simulator.shapes import Shape, pieces, read_shape
from devtools.exchange_simulator.soap import Element, M, Piece, Streamed


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per attachment id."""

    @cache
    def shape() -> Shape:
        return read_shape(call.body.find(M + "AttachmentShape"), call.version, brief=False)

    def one(element: Element) -> list[Piece]:
        known = attachment_identifier(element.get("Id") or "")
        item = found_item(call, known)
        found = attachment_at(item, known.path)
        inside = _content(call, item, found, known.path, shape())
        return ["<m:Attachments>", *attachment(item, found, known.path, inside), "</m:Attachments>"]

    return answered(call, elements(call.body.find(M + "AttachmentIds")), one, empty="<m:Attachments/>")


def _content(call: Call, item: Item, found: Attachment, path: tuple[int, ...], shape: Shape) -> list[Piece]:
    if found.message is None:
        return ["<t:Content>", Streamed(found.blocks), "</t:Content>"]
    return pieces(AttachedItem(found.message, item, {}), item, call.mailbox, shape, path)
