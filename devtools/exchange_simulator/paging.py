"""Page views: which slice of a result a request wants, and the paging attributes of the answer (PROTOCOL 6).

Next Offset = the returned IndexedPagingOffset; IncludesLastItemInRange says when to stop.
"""

from dataclasses import dataclass

from devtools.exchange_simulator.soap import Element, ItemError, M


@dataclass(frozen=True, slots=True)
class View:
    """An indexed or fractional view; `size` is already capped."""

    size: int
    offset: int = 0
    from_end: bool = False
    numerator: int = 0
    denominator: int = 0

    def start(self, total: int) -> int:
        """Give the first place of the page."""
        if self.denominator:
            return min(total, total * self.numerator // self.denominator)
        if self.from_end:
            return max(0, total - self.offset - self.size)
        return min(total, self.offset)

    def end(self, total: int) -> int:
        """Give the place after the last of the page."""
        if self.from_end:
            return max(0, total - self.offset)
        return min(total, self.start(total) + self.size)

    def next_offset(self, total: int) -> int:
        """Give the Offset that continues after this page."""
        return total - self.start(total) if self.from_end else self.end(total)

    def is_last(self, total: int) -> bool:
        """Whether nothing comes after this page."""
        return self.start(total) == 0 if self.from_end else self.end(total) >= total


def read_view(body: Element, *, cap: int) -> View:
    """Read the view of a FindItem or FindFolder; without one, the page is as large as the cap allows."""
    for name in ("IndexedPageItemView", "IndexedPageFolderView"):
        view = body.find(M + name)
        if view is not None:
            size = _number(view, "MaxEntriesReturned", cap)
            return View(min(size, cap), _number(view, "Offset", 0), view.get("BasePoint") == "End")
    for name in ("FractionalPageItemView", "FractionalPageFolderView"):
        view = body.find(M + name)
        if view is not None:
            size, above, below = (_number(view, key, 1) for key in ("MaxEntriesReturned", "Numerator", "Denominator"))
            return View(min(size, cap), numerator=above, denominator=below)
    if body.find(M + "SeekToConditionPageItemView") is not None:
        raise ItemError("ErrorInvalidArgument", "SeekToConditionPageItemView is not simulated.")
    return View(cap)


def _number(view: Element, name: str, default: int) -> int:
    value = int(view.get(name) or default)
    if value < 0 or (name in ("MaxEntriesReturned", "Denominator") and value < 1):
        raise ItemError(
            "ErrorInvalidPagingMaxRows" if name == "MaxEntriesReturned" else "ErrorInvalidIndexedPagingParameters"
        )
    return value


def root_attributes(view: View, total: int) -> str:
    """Write the attributes of RootFolder."""
    last = "true" if view.is_last(total) else "false"
    if view.denominator:
        place = f'NumeratorOffset="{view.end(total)}" AbsoluteDenominator="{total}"'
    else:
        place = f'IndexedPagingOffset="{view.next_offset(total)}"'
    return f'{place} TotalItemsInView="{total}" IncludesLastItemInRange="{last}"'
