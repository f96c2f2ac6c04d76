"""Look through the index of failing collections and count by cause, in memory that does not grow with their number.

One look may take several calls: where the time is spent it is noted how far it is, and the next call goes on. Two calls at
once do not look side by side: the second leaves it to the first.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from shared.flows.alert_rows import moment, read_state, write_state
from shared.flows.documents import pack, unpack
from shared.flows.failure_index import kind_of
from shared.model.alerts import CLEAR_FOR, is_ahead
from shared.model.causes import MOST_CAUSES, Cause, Tally
from shared.model.keys import SHARDS
from shared.model.pauses import Pauses, scopes_of
from shared.model.rules import is_shut
from shared.ports import Row, Rows, Value, World

FAILURES = "failures"
_SCAN = "scan"
_PAGE = 1000
_COLUMNS = ("operator_id", "kind", "code", "connection", "since", "last", "shut_since")
_TALLY = frozenset(each.name for each in fields(Tally))
_MARGIN = timedelta(seconds=30)
_LONGEST = timedelta(hours=1)
"""No look takes longer: who claims to is of a clock that was wrong."""
_TOO_OLD = timedelta(hours=1)
"""A look that was begun before this is begun anew: half of what it counted may be over."""


@dataclass(slots=True)
class Look:
    """How far a look is, and what it has counted. `is_short`: there are more causes than are told apart."""

    begun: datetime
    shard: int = 0
    after: str = ""
    tallies: dict[Cause, Tally] = field(default_factory=dict)
    is_short: bool = False

    def tally(self, cause: Cause) -> Tally | None:
        """What is counted of a cause; None where it would be one too many."""
        if cause not in self.tallies and len(self.tallies) >= MOST_CAUSES:
            self.is_short = True
            return None
        return self.tallies.setdefault(cause, Tally())


@dataclass(frozen=True, slots=True)
class Failing:
    """One row of the index: whose, of which kind (or the subscription), and since when. `shut_since`: what suspends a mailbox."""

    operator_id: str
    kind: str
    code: str
    since: datetime
    last: datetime
    shut_since: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """What is told: what fails for `lasts_after`, and not what is paused, or shut for `suspended_after` (a leaver's mailbox).

    `was_paused`: until when each scope was, if only lately. What was not tried since may be well by now.
    """

    pauses: Pauses
    lasts_after: timedelta
    suspended_after: timedelta
    was_paused: Mapping[str, datetime] = field(default_factory=dict)

    def is_paused(self, failing: Failing) -> bool:
        """Whether nothing is known of it because nothing is asked."""
        scopes = scopes_of(failing.operator_id, failing.kind)
        untried = any(failing.last <= self.was_paused[scope] for scope in scopes if scope in self.was_paused)
        return untried or self.pauses.of(failing.operator_id, failing.kind) is not None

    def is_suspended(self, failing: Failing, now: datetime) -> bool:
        """Whether the mailbox has been shut for so long that it is nobody's news any more."""
        return failing.shut_since is not None and now - failing.shut_since >= self.suspended_after


async def look_through(world: World, told: Told, *, deadline: datetime) -> Look | None:
    """Count all that fails; None while the look is not at its end, or somebody else is at it."""
    claimed = await _claim(world, deadline)
    if claimed is None:
        return None
    look, etag = claimed
    is_done = await _go_on(world, look, told, deadline=deadline)
    values: dict[str, Value] = {"until": world.now()}
    if not is_done:
        values |= _progress(look)
    held = await write_state(world.rows, _SCAN, values, etag)
    return look if is_done and held else None


async def _claim(world: World, deadline: datetime) -> tuple[Look, str] | None:
    values, etag = await read_state(world.rows, _SCAN)
    now = world.now()
    if is_ahead(moment(values.get("until")), now, at_most=_LONGEST):
        return None
    progress = {name: value for name, value in values.items() if name != "until"}
    etag = await write_state(world.rows, _SCAN, {**progress, "until": deadline + _MARGIN}, etag)
    return (_look(progress, now), etag) if etag else None


async def _go_on(world: World, look: Look, told: Told, *, deadline: datetime) -> bool:
    """Count page by page; False where the time is spent before the end. At least one page is done."""
    while look.shard < SHARDS:
        shard = f"open-{look.shard:02d}"
        page = await world.rows.query(FAILURES, shard, after=look.after, limit=_PAGE, columns=_COLUMNS)
        for row in page.rows:
            _count(look, row, shard, told)
        look.shard, look.after = (look.shard, page.next) if page.next else (look.shard + 1, "")
        if world.now() >= deadline:
            break
    return look.shard >= SHARDS


def _count(look: Look, row: Row, shard: str, told: Told) -> None:
    failing = _failing(row, look.begun)
    tally = look.tally(Cause.of(failing.code, str(row.values.get("connection", ""))))
    if tally is None:
        return
    age = look.begun - failing.since
    if told.is_suspended(failing, look.begun):
        tally.suspended += 1
        return
    if told.is_paused(failing):
        tally.paused += age >= min(told.lasts_after, CLEAR_FOR)
        return
    tally.stands |= age >= min(told.lasts_after, CLEAR_FOR)
    lasts, mailbox = age >= told.lasts_after, row.key.rpartition("-")[0]
    tally.count(mailbox, failing.kind, failing.code, since=failing.since, lasts=lasts, place=f"{shard}/{row.key}")


def _failing(row: Row, now: datetime) -> Failing:
    values, code = row.values, str(row.values["code"])
    since = moment(values.get("since")) or now
    shut_since = moment(values.get("shut_since")) or (since if is_shut(code) else None)
    last = moment(values.get("last")) or now
    return Failing(str(values["operator_id"]), kind_of(str(values["kind"])), code, since, last, shut_since)


@dataclass(frozen=True, slots=True)
class Samples:
    """A few of a cause's rows, closer."""

    operators: tuple[str, ...] = ()
    detail: str = ""
    request_ids: tuple[str, ...] = ()


async def samples(rows: Rows, tally: Tally) -> Samples:
    """Who is hit, what was met and which request ids support will ask for, of the first rows of a tally."""
    found = []
    for place in tally.places:
        partition, _, key = place.partition("/")
        row = await rows.get(FAILURES, partition, key)
        if row is not None:
            found.append(row.values)
    ids = [each for values in found for each in json.loads(str(values.get("request_ids", "[]")))]
    detail = next((str(values["detail"]) for values in found if values.get("detail")), "")
    operators = tuple(dict.fromkeys(str(values["operator_id"]) for values in found))
    return Samples(operators, detail, tuple(dict.fromkeys(ids))[:3])


def _progress(look: Look) -> dict[str, Value]:
    tallies = [
        {
            **asdict(cause),
            **asdict(tally),
            "kinds": sorted(tally.kinds),
            "since": tally.since and tally.since.isoformat(),
        }
        for cause, tally in look.tallies.items()
    ]
    facts: dict[str, Value] = {"begun": look.begun, "shard": look.shard, "after": look.after, "is_short": look.is_short}
    return {**facts, "tallies": pack(tallies)}


def _look(progress: Mapping[str, Value], now: datetime) -> Look:
    begun = moment(progress.get("begun"))
    if begun is None or abs(now - begun) > _TOO_OLD:
        return Look(now)
    tallies = dict(_tally(each) for each in unpack(progress["tallies"]))
    return Look(begun, int(str(progress["shard"])), str(progress["after"]), tallies, bool(progress["is_short"]))


def _tally(document: dict[str, Any]) -> tuple[Cause, Tally]:
    """From `_progress`, also that of another version of the app."""
    facts = {name: value for name, value in document.items() if name in _TALLY}
    since = facts.pop("since")
    facts["since"], facts["kinds"] = datetime.fromisoformat(since) if since else None, set(facts["kinds"])
    return Cause(document["code"], document["connection"]), Tally(**facts)
