"""One mailbox: its folders, its items and everything that can happen to them.

Each verb changes the store at once and publishes its happenings (PROTOCOL 4.2 and 4.7) to the listeners; nothing
waits. `everywhere` events differ from those of explicit folders for moves to Deleted Items and for deletions.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from devtools.exchange_simulator.happenings import Happening
from devtools.exchange_simulator.identifiers import MalformedId, read_id
from devtools.exchange_simulator.items import Folder, Item, Overrides
from devtools.exchange_simulator.mail import Content

Listener = Callable[["Mailbox", Sequence[Happening]], None]

# Distinguished name, display name, folder class, distinguished name of the parent.
_STANDARD = (
    ("root", "", "", ""),
    ("msgfolderroot", "Top of Information Store", "IPF.Note", "root"),
    ("inbox", "Inbox", "IPF.Note", "msgfolderroot"),
    ("sentitems", "Sent Items", "IPF.Note", "msgfolderroot"),
    ("drafts", "Drafts", "IPF.Note", "msgfolderroot"),
    ("outbox", "Outbox", "IPF.Note", "msgfolderroot"),
    ("deleteditems", "Deleted Items", "IPF.Note", "msgfolderroot"),
    ("junkemail", "Junk Email", "IPF.Note", "msgfolderroot"),
    ("archive", "Archive", "IPF.Note", "msgfolderroot"),
    ("conversationhistory", "Conversation History", "IPF.Note", "msgfolderroot"),
    ("calendar", "Calendar", "IPF.Appointment", "msgfolderroot"),
    ("contacts", "Contacts", "IPF.Contact", "msgfolderroot"),
    ("tasks", "Tasks", "IPF.Task", "msgfolderroot"),
    ("notes", "Notes", "IPF.StickyNote", "msgfolderroot"),
    ("journal", "Journal", "IPF.Journal", "msgfolderroot"),
    ("searchfolders", "Finder", "IPF.Note", "root"),
    ("recoverableitemsroot", "Recoverable Items", "", "root"),
    ("recoverableitemsdeletions", "Deletions", "", "recoverableitemsroot"),
    ("recoverableitemspurges", "Purges", "", "recoverableitemsroot"),
    ("recoverableitemsversions", "Versions", "", "recoverableitemsroot"),
)


class Unknown(LookupError):
    """A folder or item that this mailbox does not have."""


class Mailbox:
    """A mailbox and its verbs; addresses are compared without case."""

    def __init__(self, address: str, *, name: str = "", aliases: Iterable[str] = (), principal: str = "") -> None:
        self.guid: UUID = uuid4()
        self.address = address
        self.name = name or address.partition("@")[0].replace(".", " ").title()
        self.aliases = tuple(aliases)
        self.principal = principal or address
        self.time_zone = "UTC"
        self.folders: dict[int, Folder] = {}
        self.distinguished: dict[str, Folder] = {}
        self.folder_tombstones: dict[int, int] = {}
        self.items: dict[int, Item] = {}
        self.changes = 1000
        self.state_epoch = 0
        self.listeners: list[Listener] = []
        self.happened: deque[Happening] = deque(maxlen=20_000)
        self.happenings = 0
        for word, display, folder_class, parent in _STANDARD:
            folder = self._new_folder(display, folder_class, self.distinguished.get(parent))
            folder.distinguished = word
            self.distinguished[word] = folder

    def next_change(self) -> int:
        """Take the next change number."""
        self.changes += 1
        return self.changes

    # Finding things

    def folder(self, name: str) -> Folder:
        """Find a folder by distinguished name, id, display name or path (`Inbox/Projects`). Raises Unknown."""
        known = self.distinguished.get(name) or self._folder_of_id(name)
        if known is not None and known.number in self.folders:
            return known
        for folder in self.folders.values():
            if folder.parent and name.casefold() in (folder.name.casefold(), self.path(folder).casefold()):
                return folder
        raise Unknown(f"no folder {name!r} in {self.address}")

    def _folder_of_id(self, name: str) -> Folder | None:
        try:
            known = read_id(name)
        except MalformedId:
            return None
        return self.folders.get(known.number) if (known.kind, known.mailbox) == ("folder", self.guid) else None

    def path(self, folder: Folder) -> str:
        """Give the display path below the top of the information store."""
        names = [folder.name]
        above = folder.parent
        while above is not None and above.parent is not None and above.distinguished != "msgfolderroot":
            names.append(above.name)
            above = above.parent
        return "/".join(reversed(names))

    def item(self, item_id: str) -> Item:
        """Find an item by its id. Raises Unknown."""
        try:
            item = self.items.get(read_id(item_id).number)
        except MalformedId:
            item = None
        if item is None or item.id != item_id:
            raise Unknown(f"no item {item_id!r} in {self.address}")
        return item

    def children(self, folder: Folder) -> list[Folder]:
        """Give the folders directly below."""
        return [one for one in self.folders.values() if one.parent is folder]

    # Folders

    def add_folder(self, name: str, parent: Folder, *, folder_class: str = "IPF.Note") -> Folder:
        """Create a folder."""
        folder = self._new_folder(name, folder_class, parent)
        self._publish([self._of_folder("CreatedEvent", folder)])
        return folder

    def rename_folder(self, folder: Folder, name: str) -> None:
        """Give a folder another display name; its id stays."""
        folder.name = name
        self._folder_changed(folder)
        self._publish([self._of_folder("ModifiedEvent", folder)])

    def set_folder_class(self, folder: Folder, folder_class: str) -> None:
        """Give a folder another class, as `IPF.Note`."""
        folder.folder_class = folder_class
        self._folder_changed(folder)
        self._publish([self._of_folder("ModifiedEvent", folder)])

    def move_folder(self, folder: Folder, parent: Folder) -> None:
        """Put a folder below another; its id and its items' ids stay."""
        old = folder.parent
        folder.parent = parent
        self._folder_changed(folder)
        moved = self._of_folder("MovedEvent", folder, old_subject=folder.id, old_parent=old.number if old else 0)
        self._publish([moved])

    def delete_folder(self, folder: Folder) -> None:
        """Delete a folder for good, with all that is in it and below it."""
        for child in self.children(folder):
            self.delete_folder(child)
        for number in list(folder.items):
            del self.items[number]
        del self.folders[folder.number]
        self.folder_tombstones[folder.number] = self.next_change()
        self._publish([self._of_folder("DeletedEvent", folder)])

    def _new_folder(self, name: str, folder_class: str, parent: Folder | None) -> Folder:
        number = self.next_change()
        folder = Folder(number, self.guid, parent, name, folder_class, number, _now())
        self.folders[number] = folder
        return folder

    def _folder_changed(self, folder: Folder) -> None:
        folder.changed = self.next_change()

    # Items

    def add(
        self,
        content: Content,
        folder: Folder,
        *,
        received: datetime,
        read: bool = False,
        draft: bool = False,
        overrides: Overrides | None = None,
        new_mail: bool = False,
        publish: bool = True,
    ) -> Item:
        """Put an item into a folder. `publish=False` is for bulk filling, which nobody is told of."""
        item = self._arrive(content, folder, received, read, overrides, content.search_key)
        item.is_draft = draft
        if publish:
            kinds = ("CreatedEvent", "NewMailEvent") if new_mail else ("CreatedEvent",)
            self._publish([*(self._of_item(kind, item) for kind in kinds), self._counted(folder)])
        return item

    def move(self, item: Item, folder: Folder) -> Item:
        """Move an item: it gets a new id; its search key and its content stay (PROTOCOL 8)."""
        old, source = item.id, item.folder
        arrived = self._leave_for(item, folder)
        explicit = self._of_item("MovedEvent", arrived, old_subject=old, old_parent=source.number)
        self._publish(
            [*self._as_seen(explicit, old, source, folder), self._counted(folder), self._counted(source)],
        )
        return arrived

    def copy(self, item: Item, folder: Folder, *, search_key: bytes) -> Item:
        """Copy an item; the copy has its own id and, as with CopyItem, its own search key."""
        copied = self._arrive(item.content, folder, item.received, item.is_read, item.overrides, search_key)
        event = self._of_item("CopiedEvent", copied, old_subject=item.id, old_parent=item.folder.number)
        self._publish([event, self._counted(folder)])
        return copied

    def set_read(self, item: Item, read: bool) -> None:
        """Set the read flag; SyncFolderItems reports it as ReadFlagChange."""
        if item.is_read == read:
            return
        item.is_read = read
        item.folder.unread += -1 if read else 1
        item.read_change = self.next_change()
        self._touched(item, item.read_change)

    def change(self, item: Item, overrides: Overrides) -> None:
        """Set properties of an item."""
        item.overrides = {**item.set, **overrides}
        item.content_change = self.next_change()
        self._touched(item, item.content_change)

    def replace(self, item: Item, content: Content) -> None:
        """Give an item another content under the same id, as an edited draft."""
        item.content = content
        item.content_change = self.next_change()
        self._touched(item, item.content_change)

    def edit(self, item: Item, content: Content, overrides: Overrides) -> None:
        """Give an item another content and other settings in one change, as a client's UpdateItem does."""
        item.content, item.overrides = content, overrides or None
        item.content_change = self.next_change()
        self._touched(item, item.content_change)

    def delete(self, item: Item, how: str) -> Item | None:
        """Delete an item: `deleted_items` and `soft` move it (PROTOCOL 10), `hard` removes it; gives where it is."""
        if how == "deleted_items":
            return self.move(item, self.distinguished["deleteditems"])
        old, source = item.id, item.folder
        arrived = self._leave_for(item, self.distinguished["recoverableitemsdeletions"]) if how == "soft" else None
        if arrived is None:
            self._leave(item)
        gone = [self._deleted(old, source, "everywhere"), self._deleted(old, source, "everywhere")]
        if arrived is not None:
            moved = self._of_item("MovedEvent", arrived, old_subject=old, old_parent=source.number, audience="folders")
            gone.append(moved)
        else:
            gone.append(self._deleted(old, source, "folders"))
        self._publish([*gone, self._counted(source)])
        return arrived

    def renew_ids(self, *, invalidate: bool) -> int:
        """Give every item a new id, as after a mailbox move. `invalidate` makes all old sync states unusable."""
        items = list(self.items.values())
        for item in items:
            self._leave_for(item, item.folder)
        if invalidate:
            self.state_epoch += 1
        return len(items)

    def _arrive(
        self,
        content: Content,
        folder: Folder,
        received: datetime,
        read: bool,
        overrides: Overrides | None,
        search_key: bytes,
    ) -> Item:
        number, at = self.next_change(), _now()
        item = Item(
            number, folder, content, received, at, at, read, number, number, number, search_key, False, overrides
        )
        self.items[number] = folder.items[number] = item
        folder.unread += not read
        folder.note(number, number, at)
        return item

    def _leave(self, item: Item) -> None:
        change, folder = self.next_change(), item.folder
        del self.items[item.number]
        del folder.items[item.number]
        folder.tombstones[item.number] = change
        folder.deleted_total += 1
        folder.unread -= not item.is_read
        folder.note(change, item.number, _now())

    def _leave_for(self, item: Item, folder: Folder) -> Item:
        self._leave(item)
        arrived = self._arrive(item.content, folder, item.received, item.is_read, item.overrides, item.search_key)
        arrived.created = item.created
        arrived.is_draft = item.is_draft
        if folder.distinguished == "deleteditems":
            arrived.key_change = item.key_change
        return arrived

    def _touched(self, item: Item, change: int) -> None:
        item.key_change = change
        item.modified = _now()
        item.folder.note(change, item.number, item.modified)
        self._publish([self._of_item("ModifiedEvent", item), self._counted(item.folder)])

    # Happenings

    def _as_seen(self, moved: Happening, old: str, source: Folder, target: Folder) -> list[Happening]:
        """A move to Deleted Items looks like Deleted and Created to SubscribeToAllFolders (PROTOCOL 4.7)."""
        if target.distinguished != "deleteditems":
            return [moved]
        return [
            self._deleted(old, source, "everywhere"),
            self._happening("CreatedEvent", moved.subject, target.number, audience="everywhere"),
            self._happening(
                moved.kind,
                moved.subject,
                moved.parent,
                old_subject=old,
                old_parent=source.number,
                audience="folders",
            ),
        ]

    def _deleted(self, item_id: str, folder: Folder, audience: str) -> Happening:
        return self._happening("DeletedEvent", item_id, folder.number, audience=audience)

    def _of_item(
        self,
        kind: str,
        item: Item,
        *,
        old_subject: str = "",
        old_parent: int | None = None,
        audience: str = "both",
    ) -> Happening:
        parent = item.folder.number
        return self._happening(kind, item.id, parent, old_subject=old_subject, old_parent=old_parent, audience=audience)

    def _of_folder(
        self, kind: str, folder: Folder, *, old_subject: str = "", old_parent: int | None = None
    ) -> Happening:
        parent = folder.parent.number if folder.parent else folder.number
        return self._happening(
            kind, folder.id, parent, folder=folder.number, old_subject=old_subject, old_parent=old_parent
        )

    def _counted(self, folder: Folder) -> Happening:
        """An item's change is followed by the ModifiedEvent of its folder with the unread count."""
        parent = folder.parent.number if folder.parent else folder.number
        return self._happening("ModifiedEvent", folder.id, parent, folder=folder.number, unread=folder.unread)

    def _happening(
        self,
        kind: str,
        subject: str,
        parent: int,
        *,
        folder: int | None = None,
        old_subject: str = "",
        old_parent: int | None = None,
        unread: int | None = None,
        audience: str = "both",
    ) -> Happening:
        self.happenings += 1
        return Happening(
            kind, self.happenings, _now(), subject, parent, folder, old_subject, old_parent, unread, audience
        )

    def _publish(self, happenings: Sequence[Happening]) -> None:
        happenings = sorted(happenings, key=lambda one: one.number)
        self.happened.extend(happenings)
        for listener in self.listeners:
            listener(self, happenings)


def _now() -> datetime:
    return datetime.now(UTC)
