"""Tell people of failures that last: what timer_alerts does every few minutes. DESIGN 4.1, "When things fail".

1. Look through all that fails and count by cause. 2. Decide for each cause what is due (`model/alerts.py`). 3. Write the
intent, under the row's etag: of two timers at once one goes on. 4. Log it, then send (`alert_round.py`). 5. Write that it was
told. Who dies between 3 and 5 leaves an intent that runs out, and the next timer sends the same mail again, with the same
Message-ID.
"""

from dataclasses import replace
from datetime import timedelta

from shared.errors import SyncError
from shared.flows.alert_app import troubles_of_app
from shared.flows.alert_digest import send_digests
from shared.flows.alert_mail import note_mail
from shared.flows.alert_pauses import note_pauses
from shared.flows.alert_round import SENDING, Round, log_blindness, log_group, send
from shared.flows.alert_rows import close, open_groups, store, times_lately
from shared.flows.alert_scan import Look, Told, look_through, samples
from shared.flows.pauses import read_pauses
from shared.flows.settings_document import read_settings
from shared.model.alert_texts import plain, text
from shared.model.alerts import (
    Group,
    What,
    announcement,
    begun,
    claimed,
    is_ahead,
    is_another,
    lasts_after,
    looked_at,
    message_name,
    not_told,
    rests,
    told,
)
from shared.model.causes import Cause, Tally, worth_telling
from shared.model.configuration import Configuration
from shared.ports import World

_TELLING = timedelta(minutes=1)
"""What is left for telling where looking has taken all of the time: else a long look would never come to anything."""


async def alert_failures(world: World, *, budget: timedelta) -> None:
    """Look at all that fails, and tell what is due. What the budget does not suffice for is done by the next call.

    Without storage nobody is known who could be told: the log has that. Raises what storage raised.
    """
    try:
        await _alert(world, budget)
    except SyncError as failure:
        log_blindness(failure)
        raise


async def _alert(world: World, budget: timedelta) -> None:
    deadline = world.now() + budget
    configuration, _ = await read_settings(world.rows)
    told_of = await _told_of(world, configuration)
    if told_of.pauses.everything:
        return
    look = await look_through(world, told_of, deadline=deadline)
    if look is None:
        return
    look.tallies |= await troubles_of_app(world, told_of.lasts_after)
    look.tallies = {cause: worth_telling(cause, tally) for cause, tally in look.tallies.items()}
    this = Round(world, configuration, await open_groups(world.rows), max(deadline, world.now() + _TELLING))
    for cause in sorted({*look.tallies, *this.groups}):
        if world.now() >= this.deadline:
            break
        await _look_after(this, cause, look)
    await send_digests(this)
    if this.results:
        await note_mail(world, this.failed)


async def _told_of(world: World, configuration: Configuration) -> Told:
    pauses = await read_pauses(world.rows)
    suspended_after = timedelta(days=configuration.operators.suspend_after_days)
    return Told(pauses, lasts_after(configuration), suspended_after, await note_pauses(world, pauses))


async def _look_after(this: Round, cause: Cause, look: Look) -> None:
    """Bring one group up to date, and tell what is due of it."""
    now = this.world.now()
    if look.is_short and cause not in look.tallies:
        return  # it was not counted, which does not mean that it is over
    tally = look.tallies.get(cause, Tally())
    before, etag = this.groups.get(cause, (None, ""))
    if before is not None and is_ahead(before.until, now, at_most=SENDING):
        return  # somebody is telling it just now
    group = await _seen(this.world, cause, before, tally)
    if group is None:
        return
    due = announcement(group, this.concerns(group), now=now)
    if due is None or rests(group, due, now):
        await _keep(this, before, group, etag)
        return
    group = claimed(await _closer(this.world, group, tally), due, until=now + SENDING)
    etag = await store(this.world.rows, group, etag)
    if etag:
        await _tell(this, group, etag)


async def _seen(world: World, cause: Cause, before: Group | None, tally: Tally) -> Group | None:
    """The group as it is after this look: the one that was open, or a new one; None where there is nothing to tell."""
    now = world.now()
    if before is not None and not is_another(before, tally):
        return looked_at(before, tally, now=now)
    if not tally.lasting:
        return None
    times = await times_lately(world.rows, cause, now=now) if before is None else 1
    return begun(cause, tally, episode=world.new_id(), now=now, times=times)


async def _closer(world: World, group: Group, tally: Tally) -> Group:
    """With a few operators that are hit, and what was met."""
    if not tally.places:
        return replace(group, detail=tally.detail or group.detail)
    found = await samples(world.rows, tally)
    request_ids = tuple(map(plain, found.request_ids))
    return replace(group, operators=found.operators, detail=plain(found.detail), request_ids=request_ids)


async def _keep(this: Round, before: Group | None, group: Group, etag: str) -> None:
    """Keep what is counted, where it has changed."""
    if group != before and (etag := await store(this.world.rows, group, etag)):
        this.groups[group.cause] = group, etag


async def _tell(this: Round, group: Group, etag: str) -> None:
    """Log what is pending, and send it; note what became of it. Where only the mail is tried again, the log has it."""
    if not group.failed:
        log_group(group)
    others = [each for each, _ in this.groups.values()]
    mail = text(group, this.configuration.alerts.digest_hour, others=others)
    result = await send(this, mail, group.pending_to, message_name(group), answers=_first_name(group))
    now = this.world.now()
    if result.failed:
        after = not_told(group, result.failed, now=now)
    elif group.pending in (What.RECOVERED, What.SUSPENDED):
        this.groups.pop(group.cause, None)
        await close(this.world.rows, group, etag, now=now)
        return
    else:
        after = told(group, now=now, refused=result.refused)
    this.groups[group.cause] = after, await store(this.world.rows, after, etag)


def _first_name(group: Group) -> str:
    """The Message-ID of the episode's first mail: later ones stand below it in a client that shows threads."""
    return message_name(replace(group, pending=What.OPENED, mails=0)) if group.mails else ""
