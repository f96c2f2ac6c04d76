"""A mailbox in memory: folders, items and what sync has told of them. Tests change it as its owner would in Outlook.

Ids are opaque, contain `/` and change on every move; folder ids are stable (PROTOCOL 8).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from typing import Any

from shared.errors import Resync
from shared.model.email import Attachment, Email, Participant
from shared.model.exchange import Folder, FolderChanges, ItemChanges, ItemFailure, ItemStub

DISTINGUISHED = {
    "msgfolderroot": "Top of Information Store",
    "inbox": "Inbox",
    "sentitems": "Sent Items",
    "deleteditems": "Deleted Items",
    "drafts": "Drafts",
    "junkemail": "Junk Email",
}


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An email with its attachments' contents. `revision` changes with its content, but not with its read flag."""

    email: Email
    revision: int
    contents: tuple[bytes, ...]
    mime: bytes


type _Entry = Folder | tuple[int, bool]
"""What the holder of a sync state knows of a folder, or of an item: its revision and read flag."""
type _Entries = dict[str, _Entry]


class MemoryMailbox:
    """One owner's mailbox. `folder` is a folder id or a distinguished name in every method.

    `failures` are answered in place of the items with these ids; with `empty_answers` every listing is empty, though
    nothing was deleted (a server in trouble).
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.items: dict[str, StoredItem] = {}
        self.folders: dict[str, Folder] = {}
        self.distinguished: dict[str, str] = {}
        self.failures: dict[str, ItemFailure] = {}
        self.empty_answers = False
        self._numbers = count(1)
        self._states: dict[str, tuple[str, _Entries]] = {}
        for name, display_name in DISTINGUISHED.items():
            self.distinguished[name] = self._new_folder(display_name, self.distinguished.get("msgfolderroot", ""))

    def folder_id(self, folder: str) -> str:
        """The id of a folder given by id or distinguished name. Raises Resync("folder-gone")."""
        found = self.distinguished.get(folder, folder)
        if found not in self.folders:
            raise Resync("folder-gone", folder, exchange_code="ErrorFolderNotFound")
        return found

    def add_folder(self, name: str, *, parent: str = "msgfolderroot") -> str:
        """Create a folder; its id."""
        return self._new_folder(name, self.folder_id(parent))

    def rename_folder(self, folder: str, name: str) -> None:
        """Rename a folder; its id stays."""
        self._change_folder(folder, name=name)

    def move_folder(self, folder: str, parent: str) -> None:
        """Move a folder with all that is in it; ids stay."""
        self._change_folder(folder, parent_id=self.folder_id(parent))

    def delete_folder(self, folder: str, *, for_good: bool = False) -> None:
        """Move a folder to Deleted Items, or remove it with its subfolders and items."""
        if not for_good:
            self.move_folder(folder, "deleteditems")
            return
        gone = {self.folder_id(folder)}
        for child in self.below(*gone):
            gone.add(child.id)
        for folder_id in gone:
            del self.folders[folder_id]
        self.items = {key: item for key, item in self.items.items() if item.email.folder_id not in gone}

    def below(self, folder: str) -> tuple[Folder, ...]:
        """All folders below this one, at any depth, parents first."""
        found: list[Folder] = []
        parents = [self.folder_id(folder)]
        for parent in parents:
            children = [child for child in self.folders.values() if child.parent_id == parent]
            found += children
            parents += [child.id for child in children]
        return tuple(found)

    def deliver(self, email: Email, *, folder: str = "inbox", contents: Sequence[bytes] = (), mime: bytes = b"") -> str:
        """Put an email into a folder; its new id. Ids, change key and a missing search key are made here.

        `contents` belong to `email.attachments` in order (b"" where missing).
        """
        number = next(self._numbers)
        padded = tuple(contents) + (b"",) * (len(email.attachments) - len(contents))
        whole = replace(email, folder_id=self.folder_id(folder), search_key=email.search_key or f"search/{number}==")
        stored = StoredItem(replace(whole, change_key=f"CK/{number}"), number, padded, mime)
        return self._place(stored)

    def move(self, item_id: str, folder: str) -> str:
        """Move an item; its new id. Change key and search key stay."""
        new_id = self.copy(item_id, folder)
        del self.items[item_id]
        return new_id

    def copy(self, item_id: str, folder: str) -> str:
        """Copy an item; the copy's id. MAPI gives a copy the same search key."""
        item = self.items[item_id]
        return self._place(replace(item, email=replace(item.email, folder_id=self.folder_id(folder))))

    def delete(self, item_id: str, *, for_good: bool = False) -> str:
        """Move an item to Deleted Items (its new id), or remove it ("")."""
        if not for_good:
            return self.move(item_id, "deleteditems")
        del self.items[item_id]
        return ""

    def set_read(self, item_id: str, is_read: bool = True) -> None:
        """Set the read flag: a new change key, told as a read flag change alone."""
        item = self.items[item_id]
        email = replace(item.email, is_read=is_read, change_key=f"CK/{next(self._numbers)}")
        self.items[item_id] = replace(item, email=email)

    def edit(self, item_id: str, change: Callable[[Email], Email]) -> None:
        """Change an email: `edit(id, lambda email: replace(email, categories=("No CRM",)))`. A new change key."""
        number = next(self._numbers)
        item = self.items[item_id]
        email = replace(change(item.email), change_key=f"CK/{number}")
        self.items[item_id] = replace(item, email=email, revision=number)

    def renumber(self) -> dict[str, str]:
        """Give every item a new id, as a mailbox does that was moved to another server; old id → new id."""
        old = list(self.items.items())
        self.items = {}
        return {item_id: self._place(item) for item_id, item in old}

    def void_states(self) -> None:
        """Forget all sync states: whoever sends one is told to resynchronise."""
        self._states.clear()

    def in_folder(self, folder_id: str) -> list[Email]:
        """A folder's emails, newest first; none while answers are empty. Raises Resync("folder-gone")."""
        known = self.folder_id(folder_id)
        found = [item.email for item in self.items.values() if item.email.folder_id == known]
        return [] if self.empty_answers else sorted(found, key=_newest_first)

    def sync_items(self, folder_id: str, state: str | None, limit: int) -> ItemChanges:
        """The difference between what the state's holder knows and what is there, at most `limit` changes of it."""
        emails = {email.id: email for email in self.in_folder(folder_id)}
        known = self._known(folder_id, state)
        now: _Entries = {key: (self.items[key].revision, email.is_read) for key, email in emails.items()}
        if self.empty_answers:
            now = known
        changed = [key for key in now if known.get(key) != now[key]]
        deleted = [key for key in known if key not in now]
        page, gone = changed[:limit], deleted[: max(0, limit - len(changed))]
        new_state = self._keep_state(folder_id, state, _applied(known, {key: now[key] for key in page}, gone))
        read_only = {key for key in page if key in known and _same_content(known[key], now[key])}
        return ItemChanges(
            created=tuple(stub(emails[key]) for key in page if key not in known),
            updated=tuple(stub(emails[key]) for key in page if key in known and key not in read_only),
            deleted=tuple(gone),
            read=tuple((stub(emails[key]), emails[key].is_read) for key in page if key in read_only),
            state=new_state,
            is_last=len(changed) + len(deleted) <= limit,
        )

    def sync_folders(self, state: str | None) -> FolderChanges:
        """The same for the folders below the message root, all in one answer."""
        known = self._known("hierarchy", state)
        now: _Entries = {folder.id: folder for folder in self.below("msgfolderroot")}
        if self.empty_answers:
            now = known
        changed = tuple(self.folders[key] for key in now if known.get(key) != now[key])
        deleted = tuple(key for key in known if key not in now)
        return FolderChanges(changed, deleted, self._keep_state("hierarchy", state, now), is_last=True)

    def _known(self, folder_id: str, state: str | None) -> _Entries:
        if state is None:
            return {}
        scope, entries = self._states.get(state, ("", {}))
        if scope != folder_id:
            raise Resync("sync-state-invalid", exchange_code="ErrorInvalidSyncStateData")
        return entries

    def _keep_state(self, folder_id: str, old: str | None, entries: _Entries) -> str:
        if old is not None and self._states[old][1] == entries:
            return old
        state = f"state/{next(self._numbers)}+{folder_id}"
        self._states[state] = (folder_id, entries)
        return state

    def _new_folder(self, name: str, parent_id: str) -> str:
        folder_id = f"AQMk/{self.address}/{next(self._numbers)}="
        self.folders[folder_id] = Folder(folder_id, parent_id, name)
        return folder_id

    def _change_folder(self, folder: str, **changes: str) -> None:
        folder_id = self.folder_id(folder)
        self.folders[folder_id] = replace(self.folders[folder_id], **changes)

    def _place(self, item: StoredItem) -> str:
        new_id = f"AAMk/{self.address}/{next(self._numbers)}="
        attachments = tuple(_attached(new_id, n, each) for n, each in enumerate(item.email.attachments))
        self.items[new_id] = replace(item, email=replace(item.email, id=new_id, attachments=attachments))
        return new_id


def stub(email: Email) -> ItemStub:
    """What a listing says of an email."""
    return ItemStub(
        email.id,
        email.change_key,
        email.received,
        email.sent,
        email.is_read,
        email.sensitivity,
        email.size,
        email.subject,
    )


def rfc5322(email: Email) -> bytes:
    """The email as a plain message: headers and text, without attachments."""
    subject = " ".join(email.subject.split())
    text = f"Message-ID: {email.internet_message_id}\nSubject: {subject}\n\n{email.text or ''}"
    return text.replace("\n", "\r\n").encode(errors="replace")


def read_rfc5322(mime: bytes) -> Email:
    """A message that is sent, as what its recipients get."""
    message = message_from_bytes(mime, policy=policy.default)
    from_, to, cc = (_participants(message, name) for name in ("from", "to", "cc"))
    body = message.get_body(("plain",))
    return Email(
        "",
        "",
        "",
        subject=str(message["subject"] or ""),
        from_=from_[0] if from_ else None,
        to=to,
        cc=cc,
        text=str(body.get_content()) if body else "",
        internet_message_id=str(message["message-id"] or ""),
        size=len(mime),
    )


def _participants(message: EmailMessage, name: str) -> tuple[Participant, ...]:
    """Quirk: a field of the default policy knows its addresses, but is typed as a mere text."""
    fields: Any = message.get_all(name, [])
    return tuple(Participant(each.display_name, each.addr_spec) for field in fields for each in field.addresses)


def _newest_first(email: Email) -> tuple[bool, float]:
    return (email.received is None, -email.received.timestamp() if email.received else 0.0)


def _same_content(one: _Entry, other: _Entry) -> bool:
    return isinstance(one, tuple) and isinstance(other, tuple) and one[0] == other[0]


def _applied(known: _Entries, changed: _Entries, gone: Iterable[str]) -> _Entries:
    entries = known | changed
    for key in gone:
        del entries[key]
    return entries


def _attached(item_id: str, number: int, attachment: Attachment) -> Attachment:
    return replace(attachment, id=f"{item_id}{number}")
