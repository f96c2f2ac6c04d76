"""Where a consumer of hints is on its way through the shards: a round over all of them, then the next. DESIGN 8.

A round asks for what advanced since the round before began, and OVERLAP longer: a hint carries the clock of the worker
that wrote it, and is written a moment after that clock was read. So a hint may be told twice, but none is passed over.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.errors import Invalid
from shared.model.cursors import read_cursor, write_cursor
from shared.model.keys import SHARDS

OVERLAP = timedelta(seconds=60)
"""By how much the clocks of two of our processes may differ, and a write may be under way, together."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = 14
_NOWHERE = "."
_NOT_BEGUN = -1


@dataclass(frozen=True, slots=True)
class Place:
    """`since`: what this round asks for. `begun`: when it began; None before its first question. `key`: the last one
    read of `shard`. `only`: the one shard that is followed; None for all."""

    since: datetime = _EPOCH
    begun: datetime | None = None
    shard: int = 0
    key: str = ""
    only: int | None = None

    def begin(self, now: datetime) -> "Place":
        """The same place in a round that has begun; `now` is taken before anything is read."""
        return self if self.begun else replace(self, begun=now)

    def after(self, last: str) -> "Place":
        """Where to go on from once a page was read. `last`: the key it ended with, empty at the end of the shard."""
        if last:
            return replace(self, key=last)
        if self.only is None and self.shard + 1 < SHARDS:
            return replace(self, shard=self.shard + 1, key="")
        assert self.begun is not None
        return first_place(self.only, since=max(self.begun - OVERLAP, _EPOCH))


def first_place(only: int | None, *, since: datetime = _EPOCH) -> Place:
    """The beginning of a round."""
    return Place(since, shard=only or 0, only=only)


def write_place(place: Place) -> str:
    """The place as a cursor."""
    begun = _NOT_BEGUN if place.begun is None else _milliseconds(place.begun)
    return write_cursor(_scope(place.only), _milliseconds(place.since), begun, place.shard, place.key or _NOWHERE)


def read_place(cursor: str, only: int | None) -> Place:
    """What `write_place` wrote, for the same shard or shards. Raises Invalid("cursor-invalid")."""
    *numbers, key = read_cursor(_scope(only), cursor, parts=4)
    if not all(_is_number(text) for text in numbers):
        raise Invalid("cursor-invalid", "it is not one of ours")
    since, begun, shard = map(int, numbers)
    if since < 0 or not 0 <= shard < SHARDS or (only is not None and shard != only):
        raise Invalid("cursor-invalid", "it is not one of ours")
    return Place(_moment(since), None if begun < 0 else _moment(begun), shard, "" if key == _NOWHERE else key, only)


def _scope(only: int | None) -> str:
    return "advances" if only is None else f"advances/{only}"


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + milliseconds * _MILLISECOND
