"""DeleteAttachment: attachments are taken off an item. Source: PROTOCOL 10, wsr/deleteattachment-operation."""

from collections.abc import Iterable
from dataclasses import replace

from devtools.exchange_simulator.attachments import attachment_at
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, attachment_identifier, elements, found_item
from devtools.exchange_simulator.editing import edit_of
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece
from devtools.exchange_simulator.written import keyed


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per attachment id, with the item's id and new change key."""

    def one(element: Element) -> list[Piece]:
        known = attachment_identifier(element.get("Id") or "")
        item = found_item(call, known)
        attachment_at(item, known.path)
        if len(known.path) > 1:
            raise ItemError("ErrorInvalidOperation", "An attachment of an attached item cannot be deleted.")
        edit = edit_of(item)
        facts = edit.facts()
        kept = tuple(one for one in keyed(facts.attachments) if one.key != known.path[0])
        edit.write(replace(facts, attachments=kept))
        call.mailbox.edit(item, edit.content, edit.overrides)
        return [f'<m:RootItemId RootItemId="{item.id}" RootItemChangeKey="{item.change_key}"/>']

    return answered(call, elements(call.body.find(M + "AttachmentIds")), one)
