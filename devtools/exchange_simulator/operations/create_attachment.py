"""CreateAttachment: files and items are added to a saved item. Source: PROTOCOL 10, wsr/createattachment-operation."""

from collections.abc import Iterable
from functools import cache

from lxml import etree

from devtools.exchange_simulator.attachments import read_attachment
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, item_of
from devtools.exchange_simulator.change_keys import check_key
from devtools.exchange_simulator.editing import edit_of
from devtools.exchange_simulator.identifiers import write_id
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per attachment, with its id and the item's id and new change key."""

    @cache
    def parent() -> Item:
        return _parent(call)

    def one(element: Element) -> list[Piece]:
        item = parent()
        attachment = read_attachment(call, element)
        edit = edit_of(item)
        edit.attach([attachment])
        call.mailbox.edit(item, edit.content, edit.overrides)
        name = etree.QName(element).localname
        key = attachment.key or 0
        made = write_id("attachment", call.mailbox.guid, item.number, (key,))
        root = f'RootItemId="{item.id}" RootItemChangeKey="{item.change_key}"'
        return [f'<m:Attachments><t:{name}><t:AttachmentId Id="{made}" {root}/></t:{name}></m:Attachments>']

    return answered(call, elements(call.body.find(M + "Attachments")), one, empty="<m:Attachments/>")


def _parent(call: Call) -> Item:
    """Find the item that is added to, and check its change key once for the whole request. Raises ItemError."""
    element = call.body.find(M + "ParentItemId")
    if element is None:
        raise ItemError("ErrorInvalidIdEmpty", "ParentItemId is missing.")
    item = item_of(call, element, element_name="ParentItemId")
    check_key(call.mailbox, item, element.get("ChangeKey"), stale="ErrorIrresolvableConflict")
    return item
