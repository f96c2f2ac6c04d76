"""MoveItem: items get a new id in another folder. Source: PROTOCOL 8 and 10, wsr/moveitem-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, item_of
from devtools.exchange_simulator.destinations import destination
from devtools.exchange_simulator.shapes import ids_only, item_pieces
from devtools.exchange_simulator.soap import Element, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per item, with the new id unless ReturnNewItemIds is false."""

    def one(element: Element) -> list[Piece]:
        moved = call.mailbox.move(item_of(call, element), destination(call))
        if call.body.findtext(M + "ReturnNewItemIds") in ("false", "0"):
            return ["<m:Items/>"]
        return ["<m:Items>", *item_pieces(moved, call.mailbox, ids_only(call.version)), "</m:Items>"]

    return answered(call, elements(call.body.find(M + "ItemIds")), one, empty="<m:Items/>")
