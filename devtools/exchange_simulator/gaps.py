"""Gaps that servers other than Microsoft's have been seen with, each by a name that the simulator is started with.

Refusals are of the operation, in its response message; the rest is how answers are written. PROTOCOL 4.7, 13.1 and 14.
"""

import re
from collections.abc import Collection

from devtools.exchange_simulator.soap import Element, ItemError, M, T

GAPS = {
    "is_greater_than_or_equal": "a restriction with IsGreaterThanOrEqualTo is refused",
    "restrictions": "every restriction is refused",
    "sort_order": "a sort order is refused",
    "extended_restrictions": "a restriction by an extended property is refused, and the property named",
    "conversation_id": "item:ConversationId is refused, and named",
    "subscribe": "Subscribe is not supported",
    "sync_hierarchy": "SyncFolderHierarchy is not supported",
    "resolve_names": "ResolveNames is not supported",
    "watermarks": "neither Subscribe nor notifications have watermarks",
    "gzip": "answers are never compressed",
    "fault_detail": "faults have no detail",
    "fault_status_200": "faults come with HTTP 200",
    "nine_digits": "dates have nine fractional digits",
    "version_info": "answers do not tell the server's version",
}
_OPERATIONS = {"Subscribe": "subscribe", "SyncFolderHierarchy": "sync_hierarchy", "ResolveNames": "resolve_names"}
_MARKS = re.compile(rb"<t:(?:Previous)?Watermark>[^<]*</t:(?:Previous)?Watermark>")


def known_gaps(names: Collection[str]) -> frozenset[str]:
    """The gaps of these names. Raises ValueError for a name that is none."""
    for name in names:
        if name not in GAPS:
            raise ValueError(f"no gap {name!r}; there are {', '.join(GAPS)}")
    return frozenset(names)


def refuse(operation: str, body: Element, gaps: frozenset[str]) -> None:
    """Raise what a server with these gaps answers to the operation."""
    if _OPERATIONS.get(operation) in gaps:
        raise ItemError("ErrorInvalidOperation", f"{operation} is not supported.")
    restriction = body.find(M + "Restriction")
    if restriction is not None:
        _refuse_restriction(restriction, gaps)
    if "sort_order" in gaps and body.find(M + "SortOrder") is not None:
        raise ItemError("ErrorUnsupportedPathForSortGroup", "Sorting is not supported.")
    path = '<t:FieldURI FieldURI="item:ConversationId"/>'
    if "conversation_id" in gaps and any(
        one.get("FieldURI") == "item:ConversationId" for one in body.iter(T + "FieldURI")
    ):
        raise ItemError("ErrorInvalidPropertyRequest", "The property is not valid.", path=path)


def _refuse_restriction(restriction: Element, gaps: frozenset[str]) -> None:
    at_least = next(restriction.iter(T + "IsGreaterThanOrEqualTo"), None)
    if "restrictions" in gaps or ("is_greater_than_or_equal" in gaps and at_least is not None):
        raise ItemError("ErrorUnsupportedQueryFilter", "The restriction is not supported.")
    extended = next(restriction.iter(T + "ExtendedFieldURI"), None)
    if "extended_restrictions" in gaps and extended is not None:
        tag, kind = extended.get("PropertyTag"), extended.get("PropertyType")
        path = f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="{kind}"/>'
        raise ItemError("ErrorUnsupportedPathForQuery", "The property cannot be queried.", path=path)


def without_watermarks(body: bytes) -> bytes:
    """A notification without any watermark."""
    return _MARKS.sub(b"", body)
