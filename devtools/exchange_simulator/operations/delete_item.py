"""DeleteItem: to Deleted Items, soft or hard. Source: PROTOCOL 10, wsr/deleteitem-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, shown_item_of
from devtools.exchange_simulator.invitations import invitations
from devtools.exchange_simulator.properties import element_name
from devtools.exchange_simulator.series import take_away
from devtools.exchange_simulator.soap import Element, M, Piece

HOW = {"HardDelete": "hard", "SoftDelete": "soft", "MoveToDeletedItems": "deleted_items"}


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per item."""
    how = HOW[call.body.get("DeleteType") or "HardDelete"]

    def one(element: Element) -> list[Piece]:
        item = shown_item_of(call, element)
        if element_name(item.item_class) == "CalendarItem":
            meetings = invitations(call, "SendMeetingCancellations")
            if meetings.concerns(item.facts()):
                meetings.cancel(item.facts())
        take_away(call.mailbox, item, how)
        return []

    return answered(call, elements(call.body.find(M + "ItemIds")), one)
