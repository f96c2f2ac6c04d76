"""Item stubs in listings: what FindItem and SyncFolderItems say of an item. PROTOCOL 7.3."""

from shared.model.exchange import ItemStub
from shared.wire.ews.dates import read_time
from shared.wire.ews.reading import Element, local, number, truth


def read_stub(item: Element) -> ItemStub:
    """The stub of an item element of whatever kind; what the server did not give stays unknown."""
    item_id = change_key = ""
    values: dict[str, str | None] = {}
    for part in item:
        name = local(part)
        if name == "ItemId":
            item_id, change_key = part.get("Id", ""), part.get("ChangeKey", "")
        else:
            values[name] = part.text
    return ItemStub(
        id=item_id,
        change_key=change_key,
        received=read_time(values.get("DateTimeReceived")),
        sent=read_time(values.get("DateTimeSent")),
        is_read=truth(values["IsRead"]) if "IsRead" in values else None,
        sensitivity=(values.get("Sensitivity") or "normal").lower(),
        size=number(values.get("Size")),
        subject=values.get("Subject") or "",
    )
