"""Sync states and what has changed since one: the honest half of SyncFolderItems (PROTOCOL 5).

A round covers the folder's log from `base` to `horizon` and is walked in pages, newest first or oldest first; when
it is done, what came meanwhile begins the next round, so the last page leaves nothing unsaid. A state knows:

- everything up to change `base`, and of the round under way what lies between `cursor` and `horizon`;
- `ahead`: items whose state after the horizon was already told (or that were gone before they could be).

An item that arrived in the round is a Create at its arrival's place in the log; an older one that changed is an
Update, or a ReadFlagChange when only that flag changed, at its last change; one that left is a Delete.
"""

import binascii
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from devtools.exchange_simulator.items import Folder, Item


class InvalidState(ValueError):
    """The state is garbage, of another folder or kind, or of before a mailbox move (ErrorInvalidSyncStateData)."""


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where a client is in one folder's log."""

    base: int = 0
    horizon: int = 0
    cursor: int = 0
    newest_first: bool = True
    ahead: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an answer; `item` is None for a Delete."""

    kind: str
    number: int
    item: Item | None


def pack(kind: str, folder: str, epoch: int, values: list[Any]) -> str:
    """Write an opaque state for `kind` of sync on that folder."""
    return b64encode(zlib.compress(json.dumps([kind, folder, epoch, *values]).encode())).decode()


def unpack(value: str, kind: str, folder: str, epoch: int) -> list[Any]:
    """Read a state back. Raises InvalidState."""
    try:
        found = json.loads(zlib.decompress(b64decode(value, validate=True)))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise InvalidState(value) from error
    if not isinstance(found, list) or found[:3] != [kind, folder, epoch]:
        raise InvalidState(value)
    return found[3:]


def write_state(state: SyncState, folder: Folder, epoch: int) -> str:
    """Write the state of SyncFolderItems."""
    ahead = [value for pair in state.ahead.items() for value in pair]
    values = [state.base, state.horizon, state.cursor, state.newest_first, ahead]
    return pack("items", folder.id, epoch, values)


def read_state(value: str, folder: Folder, epoch: int) -> SyncState:
    """Read the state of SyncFolderItems. Raises InvalidState."""
    base, horizon, cursor, newest_first, ahead = unpack(value, "items", folder.id, epoch)
    return SyncState(base, horizon, cursor, newest_first, dict(zip(ahead[::2], ahead[1::2], strict=True)))


def page(folder: Folder, state: SyncState, limit: int, *, newest_first: bool) -> tuple[list[Change], SyncState, bool]:
    """Give up to `limit` changes since the state, the state after them, and whether nothing is left."""
    found: list[Change] = []
    reached = state
    for change, after in _walk(folder, state, newest_first):
        if change is not None:
            if len(found) == limit:
                return found, reached, False
            found.append(change)
        reached = after
    return found, reached, True


def _walk(folder: Folder, state: SyncState, newest_first: bool) -> Iterator[tuple[Change | None, SyncState]]:
    while True:
        if state.horizon == state.base:
            if folder.last_change <= state.base:
                return
            horizon = folder.last_change
            cursor = horizon + 1 if newest_first else state.base
            state = replace(state, horizon=horizon, cursor=cursor, newest_first=newest_first)
        state = _finished((yield from _round(folder, state)))
        yield None, state


def _round(folder: Folder, state: SyncState) -> Generator[tuple[Change | None, SyncState], None, SyncState]:
    """Walk what the round has left and return the state at its end.

    `ahead` grows in a copy, so that states given earlier stay as they were.
    """
    if state.newest_first:
        places = range(folder.log_position(state.cursor - 1) - 1, folder.log_position(state.base) - 1, -1)
    else:
        places = range(folder.log_position(state.cursor), folder.log_position(state.horizon))
    for place in places:
        line, number = folder.log_changes[place], folder.log_numbers[place]
        change, told = _change(folder, state, line, number)
        ahead = {**state.ahead, number: told} if told else state.ahead
        state = replace(state, cursor=line, ahead=ahead)
        if change is not None or told:
            yield change, state
    return state


def _change(folder: Folder, state: SyncState, line: int, number: int) -> tuple[Change | None, int]:
    """Say what one line of the log means for this client, and up to which later change it is told (or 0)."""
    item = folder.items.get(number)
    latest = item.last_change if item is not None else folder.tombstones.get(number, 0)
    beyond = latest if latest > state.horizon else 0
    if line == number:  # the arrival
        return (Change("Create", number, item) if item is not None else None), beyond
    if number > state.base or line <= state.ahead.get(number, 0):
        return None, 0
    if item is None:
        return (Change("Delete", number, None) if latest == line else None), 0
    if line != latest and not beyond:
        return None, 0
    known = max(state.base, state.ahead.get(number, 0))
    return Change("Update" if item.content_change > known else "ReadFlagChange", number, item), beyond


def _finished(state: SyncState) -> SyncState:
    """End the round: all up to its horizon is known; what was told beyond it stays noted while it matters."""
    ahead = {number: told for number, told in state.ahead.items() if told > state.horizon}
    return SyncState(state.horizon, state.horizon, 0, state.newest_first, ahead)
