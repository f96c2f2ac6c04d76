"""The occurrences of a series: computed, changed and deleted ones (PROTOCOL 11.2).

Only masters are stored; what was changed or deleted is kept in their facts by the index of the occurrence, which counts
deleted ones. An occurrence is shown as an item whose id is the master's with the index in it.
"""

from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from devtools.exchange_simulator.appointments import Slot, deleted_starts, recurrence, said, saying, slots, times
from devtools.exchange_simulator.items import Item, Overrides
from devtools.exchange_simulator.mail import MailFacts, SeriesException
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import moment, stamp
from devtools.exchange_simulator.soap import ItemError
from devtools.exchange_simulator.written import WrittenContent


def occurrence(item: Item, index: int) -> Item:
    """Give one occurrence of a series as an item. Raises ItemError."""
    facts = item.facts()
    if recurrence(facts) is None:
        raise ItemError("ErrorCalendarCannotUseIdForRecurringMasterId", "The item is no recurring master.")
    found = next((one for one in slots(facts) if one[0] == index), None)
    if found is None:
        raise ItemError("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange", "The series has no such occurrence.")
    if facts.exceptions.get(index, item) is None:
        raise ItemError("ErrorCalendarOccurrenceIsDeletedFromRecurrence", "The occurrence was deleted.")
    return _as_item(item, found)


def in_view(item: Item, begin: datetime, end: datetime) -> list[Item]:
    """Give what overlaps a window: PROTOCOL 11.2, end > begin of it and start < end of it; never a master."""
    facts = item.facts()
    before_end = takewhile(lambda one: one[1] < end, slots(facts))
    regular = [one for one in before_end if one[2] > begin and one[0] not in facts.exceptions]
    changed = [_exceptional(index, one.facts) for index, one in facts.exceptions.items() if one is not None]
    shown = [*regular, *(one for one in changed if one[1] < end and one[2] > begin)]
    return [_as_item(item, one) if one[0] else item for one in shown]


def occurrence_at(item: Item, original_start: datetime) -> Item | None:
    """Find the occurrence that the pattern has at a time; None when it has none or it was deleted."""
    for slot in takewhile(lambda one: one[1] <= original_start, slots(item.facts())):
        if slot[1] == original_start and item.facts().exceptions.get(slot[0], item) is not None:
            return _as_item(item, slot)
    return None


def ends(item: Item) -> tuple[Item | None, Item | None]:
    """Give the first and the last occurrence that is there; a series without end has no last."""
    facts = item.facts()
    rule = recurrence(facts)
    there = (one for one in slots(facts) if facts.exceptions.get(one[0], item) is not None)
    first = next(there, None)
    if first is None:
        return None, None
    if rule is None or not (rule.end or rule.number):
        return _as_item(item, first), None
    *_, last = (first, *there)
    return _as_item(item, first), _as_item(item, last)


def changed(item: Item) -> list[Item]:
    """Give the occurrences that were changed, in the order of the pattern."""
    found = sorted((index, one.facts) for index, one in item.facts().exceptions.items() if one is not None)
    return [_as_item(item, _exceptional(*one)) for one in found]


def deleted(item: Item) -> list[datetime]:
    """Give the original starts of the occurrences that were deleted."""
    return deleted_starts(item.facts())


def keep(mailbox: Mailbox, item: Item, facts: MailFacts, overrides: Overrides) -> Item:
    """Store what an item became; what an occurrence became is an exception of its series. Gives it as it now is."""
    if not item.instance:
        mailbox.edit(item, WrittenContent(facts, item.search_key), overrides)
        return item
    kept = saying(facts, {"CalendarItemType": "Exception", "RecurrenceId": said(facts, "OriginalStart")})
    _put(mailbox, item, SeriesException(kept, dict(overrides.get("extended", {}))))
    return occurrence(mailbox.items[item.number], item.instance)


def take_away(mailbox: Mailbox, item: Item, how: str) -> Item | None:
    """Delete an item as mailbox.delete does; an occurrence is deleted from its series and is nowhere then."""
    if not item.instance:
        return mailbox.delete(item, how)
    _put(mailbox, item, None)
    return None


def _put(mailbox: Mailbox, item: Item, exception: SeriesException | None) -> None:
    master = mailbox.items[item.number]
    facts = master.facts()
    exceptions = {**facts.exceptions, item.instance: exception}
    content = WrittenContent(replace(facts, exceptions=exceptions), master.search_key)
    mailbox.edit(master, content, Overrides(**master.set))


def _exceptional(index: int, facts: MailFacts) -> Slot:
    """Give an exception's place: its own times."""
    return index, *times(facts)


def _as_item(item: Item, slot: Slot) -> Item:
    index, start, end = slot
    exception = item.facts().exceptions.get(index)
    if exception is not None:
        overrides = Overrides(extended=dict(exception.extended))
        content = WrittenContent(exception.facts, item.search_key)
        return replace(item, instance=index, content=content, overrides=overrides)
    facts = item.facts()
    kept_ones = {path: value for path, value in facts.properties.items() if path != "calendar:Recurrence"}
    own = {
        "Start": stamp(start),
        "End": stamp(end),
        "OriginalStart": stamp(start),
        "CalendarItemType": "Occurrence",
    }
    shown = saying(replace(facts, properties=kept_ones, exceptions={}), own)
    return replace(item, instance=index, content=WrittenContent(shown, item.search_key))


def original_start(facts: MailFacts) -> datetime | None:
    """Give where the pattern has an occurrence; None for what is no occurrence."""
    found = said(facts, "OriginalStart")
    return moment(found) if found else None
