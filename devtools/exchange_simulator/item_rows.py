"""Items as the object API and the control API list them."""

from dataclasses import dataclass
from datetime import datetime

from devtools.exchange_simulator.items import Folder, Item


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item as it stands."""

    id: str
    change_key: str
    folder: str
    item_class: str
    subject: str
    received: datetime
    is_read: bool
    message_id: str
    size: int
    sensitivity: str
    importance: str
    categories: tuple[str, ...]
    search_key: str


def row_of(item: Item, folder: Folder) -> ItemRow:
    """Give the row of an item."""
    return ItemRow(
        id=item.id,
        change_key=item.change_key,
        folder=folder.distinguished or folder.name,
        item_class=item.item_class,
        subject=item.subject,
        received=item.received,
        is_read=item.is_read,
        message_id=item.facts().message_id,
        size=item.size,
        sensitivity=item.sensitivity,
        importance=item.importance,
        categories=item.categories,
        search_key=item.search_key.hex(),
    )
