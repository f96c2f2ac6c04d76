"""The daily summary of what still fails: one mail a day for each person, those with the same causes in one mail."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import batched

from shared.errors import Conflict, Unclear
from shared.flows.alert_round import SENDING, Round, log, send
from shared.flows.alert_rows import OPEN, TABLE, moment, read_state, write_state
from shared.model.alert_texts import digest
from shared.model.alerts import Group, What, digest_moment, in_digest, is_ahead, is_same_day
from shared.model.keys import hashed
from shared.ports import Merge, Value

_AGAIN = timedelta(hours=1)
"""After how long a summary is tried again that could not be sent."""
_NOBODY = ""
"""Stands for the reader of the log, where there is no one to write to."""


async def send_digests(this: Round) -> None:
    """Send those that are due and were not sent."""
    due = digest_moment(this.world.now(), this.configuration.alerts.digest_hour)
    for groups, people in _circles(this, due).items():
        if this.world.now() >= this.deadline:
            return
        await _send_to(this, people, groups, due)


def _circles(this: Round, due: datetime) -> dict[tuple[Group, ...], list[str]]:
    """Who is told of the same causes. Whoever was told of none yet has nothing to be reminded of."""
    groups = [group for group, _ in this.groups.values()]
    people = dict.fromkeys(each for group in groups for each in this.concerns(group) or (_NOBODY,))
    circles: dict[tuple[Group, ...], list[str]] = {}
    for person in people:
        own = in_digest((each for each in groups if person in (this.concerns(each) or (_NOBODY,))), due)
        if own:
            circles.setdefault(own, []).append(person)
    return circles


async def _send_to(this: Round, people: Sequence[str], groups: tuple[Group, ...], due: datetime) -> None:
    """Send one to those who have not had theirs: the intents are written first, as for all mail."""
    claims = [(person, etag) for person in people if (etag := await _claim(this, person, due))]
    if not claims:
        return
    to = tuple(person for person, _ in claims if person != _NOBODY)
    counts = {group.cause.id: group.mailboxes for group in groups}
    log.info(json.dumps({"event": What.DIGEST, "mailboxes": counts, "to": list(to)}, ensure_ascii=False))
    now = this.world.now()
    name = f"digest.{hashed(','.join(to))}.{due:%Y%m%d%H}"
    result = await send(this, digest(groups, now), to, name)
    for person, etag in claims:
        is_done = not result.failed and person not in result.refused
        noted: dict[str, Value] = {"day": due, "until": now if is_done else now + _AGAIN, "done": is_done}
        await write_state(this.world.rows, _key(person), noted, etag)
    if not result.failed:
        await _note_told(this, groups)


async def _claim(this: Round, person: str, due: datetime) -> str:
    """The etag of the intent to send somebody the summary of that day; empty where it was sent, or somebody is at it."""
    now = this.world.now()
    values, etag = await read_state(this.world.rows, _key(person))
    is_this_day = is_same_day(moment(values.get("day")), due)
    if is_this_day and (values["done"] or is_ahead(moment(values.get("until")), now, at_most=_AGAIN)):
        return ""
    intent: dict[str, Value] = {"day": due, "until": now + SENDING, "done": False}
    return await write_state(this.world.rows, _key(person), intent, etag)


def _key(person: str) -> str:
    return f"digest-{hashed(person)}"


async def _note_told(this: Round, groups: Sequence[Group]) -> None:
    """Growth counts from what the summary has told. Only a matter of how soon the next mail is due."""
    merges = [Merge(group.cause.id, {"told_mailboxes": group.mailboxes}) for group in groups]
    for some in batched(merges, 100, strict=False):
        try:
            await this.world.rows.transact(TABLE, OPEN, some)
        except (Conflict, Unclear):
            log.debug("what the summary told was not noted")
