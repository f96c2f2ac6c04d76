"""FindItem: a page of one folder's items by time, or items anywhere by their identity. PROTOCOL 6.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/finditem-operation
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.model.exchange import FoundItems, Located
from shared.wire.ews import envelope
from shared.wire.ews.dates import read_time, write_time
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import error
from shared.wire.ews.folders import folder_ids, read_id
from shared.wire.ews.legal_text import attribute
from shared.wire.ews.properties import SEARCH_KEY, STUB, field_uri, item_shape
from shared.wire.ews.reading import Element, Reader, child, number, refusal, text, truth
from shared.wire.ews.stubs import read_stub

NAME = "FindItem"
LARGEST_PAGE = 250
"""Exchange caps a page at this when there is a restriction."""
MOST_IDENTITIES = 60
"""How many identities one search can name: a restriction has at most 255 nodes, and each comparison is four."""

_MESSAGE_ID = field_uri("message:InternetMessageId")
_PARENT = field_uri("item:ParentFolderId")
_SUBJECT = field_uri("item:Subject")


def request(
    header: Header,
    folder_id: str,
    *,
    since: datetime | None,
    until: datetime | None = None,
    by_sent: bool = False,
    offset: int = 0,
    limit: int = LARGEST_PAGE,
    sort: bool = True,
) -> bytes:
    """Ask for items with since <= time <= until, newest first; time is received, or sent with `by_sent`.

    Without `sort` the server gives them in an order of its own.
    """
    time = field_uri("item:DateTimeSent" if by_sent else "item:DateTimeReceived")
    order = f'<m:SortOrder><t:FieldOrder Order="Descending">{time}</t:FieldOrder></m:SortOrder>'
    bounds = [("IsGreaterThanOrEqualTo", since), ("IsLessThanOrEqualTo", until)]
    comparisons = [_comparison(name, time, write_time(moment)) for name, moment in bounds if moment is not None]
    return envelope.request(
        header,
        f'<m:FindItem Traversal="Shallow">{item_shape(header, *STUB)}{_view(offset, limit)}'
        f"{_restriction('And', comparisons)}{order if sort else ''}"
        f"<m:ParentFolderIds>{folder_ids([folder_id])}</m:ParentFolderIds></m:FindItem>",
    )


def locate_request(
    header: Header,
    in_folders: Sequence[str],
    *,
    search_keys: Sequence[str] = (),
    message_ids: Sequence[str] = (),
    offset: int = 0,
) -> bytes:
    """Ask for items with one of these identities, at most MOST_IDENTITIES of both kinds together; for all without any."""
    comparisons = [_comparison("IsEqualTo", SEARCH_KEY, key) for key in search_keys]
    comparisons += [_comparison("IsEqualTo", _MESSAGE_ID, message_id) for message_id in message_ids]
    shape = item_shape(header, _PARENT, _MESSAGE_ID, SEARCH_KEY)
    return envelope.request(
        header,
        f'<m:FindItem Traversal="Shallow">{shape}{_view(offset, LARGEST_PAGE)}{_restriction("Or", comparisons)}'
        f"<m:ParentFolderIds>{folder_ids(in_folders)}</m:ParentFolderIds></m:FindItem>",
    )


def subject_request(header: Header, in_folders: Sequence[str], subject: str, *, whole: bool, limit: int) -> bytes:
    """Ask for the newest items of each folder with this in their subject, or as their whole subject, in any case."""
    mode = "FullString" if whole else "Substring"
    received = field_uri("item:DateTimeReceived")
    return envelope.request(
        header,
        f'<m:FindItem Traversal="Shallow">{item_shape(header, _PARENT, received)}{_view(0, limit)}'
        f'<m:Restriction><t:Contains ContainmentMode="{mode}" ContainmentComparison="IgnoreCase">{_SUBJECT}'
        f"<t:Constant Value={attribute(subject)}/></t:Contains></m:Restriction>"
        f'<m:SortOrder><t:FieldOrder Order="Descending">{received}</t:FieldOrder></m:SortOrder>'
        f"<m:ParentFolderIds>{folder_ids(in_folders)}</m:ParentFolderIds></m:FindItem>",
    )


def _view(offset: int, limit: int) -> str:
    return f'<m:IndexedPageItemView MaxEntriesReturned="{limit}" Offset="{offset}" BasePoint="Beginning"/>'


def _comparison(name: str, path: str, value: str) -> str:
    constant = f"<t:FieldURIOrConstant><t:Constant Value={attribute(value)}/></t:FieldURIOrConstant>"
    return f"<t:{name}>{path}{constant}</t:{name}>"


def _restriction(joined_by: str, comparisons: Sequence[str]) -> str:
    # Quirk: And and Or need two operands at least.
    if len(comparisons) < 2:
        return f"<m:Restriction>{comparisons[0]}</m:Restriction>" if comparisons else ""
    return f"<m:Restriction><t:{joined_by}>{''.join(comparisons)}</t:{joined_by}></m:Restriction>"


class Answer:
    """Reads one page of one folder."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> FoundItems:
        """The page, once the answer is complete."""
        root = child(self._reader.close_one(), "RootFolder")
        if root is None:
            return FoundItems((), 0, 0, True)
        return FoundItems(
            items=tuple(map(read_stub, _items(root))),
            next_offset=number(root.get("IndexedPagingOffset")),
            total=number(root.get("TotalItemsInView")),
            is_last=_is_last(root),
        )


@dataclass(frozen=True, slots=True)
class LocatedItems:
    """One page of a search over several folders; `next_offset` is None when every folder has been read to its end."""

    items: tuple[Located, ...]
    next_offset: int | None


class LocateAnswer:
    """Reads one page over several folders. A folder that is gone has no items; that is no failure of the search."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> LocatedItems:
        """The page, once the answer is complete. Quirk: each folder answers and pages on its own."""
        roots = [root for message in self._reader.close() if (root := _root(message)) is not None]
        offsets = [number(root.get("IndexedPagingOffset")) for root in roots if not _is_last(root)]
        items = [_read_located(item) for root in roots for item in _items(root)]
        return LocatedItems(tuple(items), min(offsets, default=None))


class SubjectAnswer:
    """Reads the first page of several folders. A folder that is gone has no items."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> tuple[Located, ...]:
        """The items, folder by folder, once the answer is complete."""
        roots = [root for message in self._reader.close() if (root := _root(message)) is not None]
        return tuple(_read_located(item) for root in roots for item in _items(root))


def _root(message: Element) -> Element | None:
    refused = refusal(message)
    if refused and refused.meaning[1] != "folder-gone":
        raise error(refused)
    return child(message, "RootFolder")


def _items(root: Element) -> Iterable[Element]:
    items = child(root, "Items")
    return () if items is None else items


def _is_last(root: Element) -> bool:
    return truth(root.get("IncludesLastItemInRange", "true"))


def _read_located(item: Element) -> Located:
    search_key = child(item, "ExtendedProperty")
    return Located(
        id=read_id(item, "ItemId"),
        folder_id=read_id(item, "ParentFolderId"),
        internet_message_id=text(item, "InternetMessageId"),
        search_key="" if search_key is None else text(search_key, "Value").strip(),
        received=read_time(text(item, "DateTimeReceived")),
    )
