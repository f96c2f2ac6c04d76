"""GetItem: items by id, in the order of the ids. Source: PROTOCOL 7, wsr/getitem-operation."""

from collections.abc import Iterable
from functools import cache

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, shown_item_of
from devtools.exchange_simulator.shapes import Shape, item_pieces, read_shape
from devtools.exchange_simulator.soap import Element, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per item id."""

    @cache
    def shape() -> Shape:
        return read_shape(call.body.find(M + "ItemShape"), call.version, brief=False)

    def one(element: Element) -> list[Piece]:
        return ["<m:Items>", *item_pieces(shown_item_of(call, element), call.mailbox, shape()), "</m:Items>"]

    return answered(call, elements(call.body.find(M + "ItemIds")), one, empty="<m:Items/>")
