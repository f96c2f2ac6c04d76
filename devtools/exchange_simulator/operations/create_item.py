"""CreateItem: what is written, saved, sent, or both. Source: PROTOCOL 9 and 10, wsr/createitem-operation."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_bytes

from lxml import etree

from devtools.exchange_simulator.attachments import read_attachment
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of, item_of
from devtools.exchange_simulator.change_keys import check_key
from devtools.exchange_simulator.editing import Edit, read_new
from devtools.exchange_simulator.invitations import invitations
from devtools.exchange_simulator.items import Folder, Item, Overrides
from devtools.exchange_simulator.markup import stamp
from devtools.exchange_simulator.meeting_responses import MEETING_RESPONSES, respond
from devtools.exchange_simulator.responding import RESPONSES, response
from devtools.exchange_simulator.sending import submit
from devtools.exchange_simulator.shapes import created, ids_only, item_pieces
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece, SoapFault, T
from devtools.exchange_simulator.written import WrittenContent

_MAIL = {"Message", *RESPONSES, *MEETING_RESPONSES}
_HOMES = {"Contact": "contacts"}
_KEPT_IN = {
    "IPM.CONTACT": ("IPF.Contact", "ErrorCannotCreateContactInNonContactFolder"),
    "IPM.APPOINTMENT": ("IPF.Appointment", "ErrorCannotCreateCalendarItemInNonCalendarFolder"),
}


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per item; what is sent has no id in the answer."""
    given = elements(call.body.find(M + "Items"))
    if any(etree.QName(one).localname in _MAIL for one in given) and not call.body.get("MessageDisposition"):
        raise SoapFault("ErrorMessageDispositionRequired", "MessageDisposition is required for messages.")

    def one(element: Element) -> list[Piece]:
        folder = _folder(call)
        kind = etree.QName(element).localname
        if kind in MEETING_RESPONSES:
            done = respond(call, kind, element)
            shown = item_pieces(done, call.mailbox, ids_only(call.version)) if done else []
            return ["<m:Items>", *shown, "</m:Items>"]
        if kind == "CalendarItem":
            return _appointment(call, element, folder)
        edit = _response(call, kind, element) if kind in RESPONSES else _new(call, element)
        if kind in _MAIL and call.body.get("MessageDisposition") != "SaveOnly":
            _send(call, edit, folder)
            return ["<m:Items/>"]
        item = _save(call, edit, folder or call.mailbox.distinguished[_HOMES.get(kind, "drafts")])
        return _created(call, item)

    return answered(call, given, one, empty="<m:Items/>")


def _appointment(call: Call, element: Element, folder: Folder | None) -> list[Piece]:
    """Save a calendar item, and invite its attendees when that is asked for."""
    meetings = invitations(call, "SendMeetingInvitations")
    edit = _new(call, element)
    invites = meetings.concerns(edit.facts())
    if invites:
        edit.write(meetings.announced(edit.facts()))
    item = _save(call, edit, folder or call.mailbox.distinguished["calendar"])
    if invites:
        meetings.invite(item.facts())
    return _created(call, item)


def _created(call: Call, item: Item) -> list[Piece]:
    return ["<m:Items>", *item_pieces(item, call.mailbox, created(call.version)), "</m:Items>"]


def _folder(call: Call) -> Folder | None:
    """Find SavedItemFolderId. Raises ItemError; with SendOnly it must be absent."""
    saved = elements(call.body.find(M + "SavedItemFolderId"))
    if saved and call.body.get("MessageDisposition") == "SendOnly":
        raise ItemError("ErrorInvalidSendItemSaveSettings", "A message that is only sent is saved nowhere.")
    return folder_of(call, saved[0], missing="ErrorSavedItemFolderNotFound") if saved else None


def _new(call: Call, element: Element) -> Edit:
    edit = read_new(element, call.time_zone)
    attachments = [read_attachment(call, one) for one in elements(element.find(T + "Attachments"))]
    if attachments:
        edit.attach(attachments)
    return edit


def _response(call: Call, kind: str, element: Element) -> Edit:
    """Make the response of the original. Raises ItemError."""
    reference = element.find(T + "ReferenceItemId")
    if reference is None:
        raise ItemError("ErrorMissingInformationReferenceItemId", "ReferenceItemId is missing.")
    original = item_of(call, reference, element_name="ReferenceItemId")
    check_key(call.mailbox, original, reference.get("ChangeKey"))
    facts = response(kind, element, original, call.mailbox)
    if call.body.get("MessageDisposition") != "SaveOnly":
        _mark_answered(call, original, RESPONSES[kind][1])
    return Edit(WrittenContent(facts, token_bytes(16)), Overrides(), is_draft=True)


def _mark_answered(call: Call, original: Item, verb: int) -> None:
    """Set PidTagLastVerbExecuted and its time on the original."""
    marks = {"0x1081": str(verb), "0x1082": stamp(datetime.now(UTC))}
    call.mailbox.change(original, Overrides(extended={**original.extended, **marks}))


def _send(call: Call, edit: Edit, folder: Folder | None) -> None:
    sent = submit(call.directory, call.mailbox, edit.content, edit.overrides)
    if call.body.get("MessageDisposition") == "SendAndSaveCopy":
        where = folder or call.mailbox.distinguished["sentitems"]
        now = datetime.now(UTC)
        call.mailbox.add(sent.content, where, received=now, read=True, overrides=sent.overrides or None)


def _save(call: Call, edit: Edit, folder: Folder) -> Item:
    if isinstance(edit.content, WrittenContent) and edit.facts().item_class == "IPM.Note":
        edit.write(replace(edit.facts(), topic=edit.facts().topic or edit.facts().subject))
    needed, code = _KEPT_IN.get(edit.facts().item_class.upper(), ("", ""))
    if needed and folder.folder_class != needed:
        raise ItemError(code, f"The folder is none of class {needed}.")
    return call.mailbox.add(
        edit.content,
        folder,
        received=edit.received or datetime.now(UTC),
        read=edit.is_read is not False,
        draft=edit.is_draft and not needed,
        overrides=edit.overrides or None,
    )
