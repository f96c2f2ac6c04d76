"""FindItem: items of folders, restricted, sorted, in pages. Source: PROTOCOL 6, wsr/finditem-operation.

A page has at most 1000 items, 250 with a Restriction. Results are kept for a moment, so that the pages of one query
on a large folder cost one evaluation while the folder stays as it is.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from lxml import etree

from devtools.exchange_simulator.appointments import times
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.items import Folder, Item
from devtools.exchange_simulator.paging import read_view, root_attributes
from devtools.exchange_simulator.properties import element_name
from devtools.exchange_simulator.restrictions import item_paths, read_order, read_restriction
from devtools.exchange_simulator.series import in_view
from devtools.exchange_simulator.shapes import Shape, item_pieces, read_shape
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece
from devtools.exchange_simulator.time_zones import instant

CAP, CAP_WITH_RESTRICTION = 1000, 250
_KEPT = 16
_LONGEST_VIEW = timedelta(days=731)


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per parent folder."""

    def one(element: Element) -> list[Piece]:
        if call.body.find(M + "QueryString") is not None or call.body.find(M + "GroupBy") is not None:
            raise ItemError("ErrorInvalidOperation", "QueryString and GroupBy are not simulated.")
        shape = read_shape(call.body.find(M + "ItemShape"), call.version, brief=True, names_only=call.names_only)
        folder = folder_of(call, element)
        calendar_view = call.body.find(M + "CalendarView")
        if calendar_view is not None:
            return _calendar(call, folder, calendar_view, shape)
        restricted = call.body.find(M + "Restriction") is not None
        found = _found(call, folder)
        view = read_view(call.body, cap=CAP_WITH_RESTRICTION if restricted else CAP)
        shown: list[Piece] = []
        for item in found[view.start(len(found)) : view.end(len(found))]:
            shown += item_pieces(item, call.mailbox, shape)
        return [f"<m:RootFolder {root_attributes(view, len(found))}><t:Items>", *shown, "</t:Items></m:RootFolder>"]

    return answered(call, elements(call.body.find(M + "ParentFolderIds")), one)


def _found(call: Call, folder: Folder) -> list[Item]:
    if call.plan.get("empty") or call.body.get("Traversal") != "Shallow":
        return []  # no associated items; SoftDeleted finds nothing since 2010
    restriction, order = call.body.find(M + "Restriction"), call.body.find(M + "SortOrder")
    query = [b"" if one is None else etree.tostring(one, method="c14n") for one in (restriction, order)]
    key = (folder.mailbox, folder.number, folder.last_change, *query)
    results = call.directory.results
    if key not in results:
        paths = item_paths(call.mailbox)
        test: Callable[[Item], bool] | None = read_restriction(restriction, paths)
        found = [item for item in folder.items.values() if test is None or test(item)]
        read_order(order, paths)(found)
        results[key] = found
        while len(results) > _KEPT:
            results.popitem(last=False)
    return results[key]


def _calendar(call: Call, folder: Folder, asked: Element, shape: Shape) -> list[Piece]:
    """Give single items and occurrences of a window, never masters (PROTOCOL 11.2). Raises ItemError."""
    if folder.folder_class != "IPF.Appointment":
        raise ItemError("ErrorCalendarFolderIsInvalidForCalendarView", "The folder is no calendar.")
    begin, end = (instant(asked.get(one) or "", call.time_zone) for one in ("StartDate", "EndDate"))
    if end - begin > _LONGEST_VIEW:
        raise ItemError("ErrorCalendarViewRangeTooBig", "A calendar view spans two years at most.")
    appointments = [one for one in folder.items.values() if element_name(one.item_class) == "CalendarItem"]
    found = [one for item in appointments for one in in_view(item, begin, end)]
    found.sort(key=lambda one: times(one.facts())[0])
    most = min(int(asked.get("MaxEntriesReturned") or CAP), CAP)
    shown = [piece for one in found[:most] for piece in item_pieces(one, call.mailbox, shape)]
    whole = "true" if len(found) <= most else "false"
    head = f'<m:RootFolder TotalItemsInView="{len(found)}" IncludesLastItemInRange="{whole}"><t:Items>'
    return [head, *shown, "</t:Items></m:RootFolder>"]
