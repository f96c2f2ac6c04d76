"""The copy of one meeting in one mailbox: the same UID and, for an occurrence, the same original start (PROTOCOL 11.3)."""

from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.series import occurrence_at, original_start

_UID, _RECURRENCE, _ORIGINAL = "calendar:UID", "calendar:Recurrence", "calendar:OriginalStart"


def copy_of(mailbox: Mailbox, facts: MailFacts) -> Item | None:
    """Find what a mailbox's calendars have of a meeting that an item or a meeting message tells of."""
    uid, start = facts.properties.get(_UID), original_start(facts)
    if uid is None:
        return None
    calendars = (one for one in mailbox.folders.values() if one.folder_class == "IPF.Appointment")
    items = (item for folder in calendars for item in folder.items.values())
    for item in items:
        known = item.facts().properties
        if known.get(_UID) != uid:
            continue
        if start is not None and _RECURRENCE in known:
            return occurrence_at(item, start)
        if known.get(_ORIGINAL) == facts.properties.get(_ORIGINAL):
            return item
    return None
