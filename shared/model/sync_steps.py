"""What decides on a mail apart from Exchange: whether the operator's sync runs, and what the application holds already."""

from collections.abc import Iterator

from shared.model.collection import ChangeType
from shared.model.explanation import Kept, Situation, Step, Verdict, failing
from shared.model.failures import Owner


def steps_of_sync(situation: Situation) -> Iterator[Step]:
    """Whether the operator's email is synchronised at all, and how it stands."""
    yield from _switches(situation)
    for pause in situation.pauses:
        yield Step(
            f"The sync of {pause.of} is paused by {pause.by}: {pause.reason}",
            pause.at,
            Verdict.STOPPED,
            who=Owner.CRM.value,
            remedy=f"`{pause.resumed_by}` ends the pause.",
        )
    yield _standing(situation)
    if situation.head.held is not None:
        yield failing("brake-held", situation.head.held.since, situation.head.held.reason)
    if situation.asked_at is not None:
        yield Step("A sync was asked for, and is not done yet", situation.asked_at, told=True)


def _switches(situation: Situation) -> Iterator[Step]:
    if not situation.off:
        yield Step("Email is switched on, in the settings and for the operator")
        return
    operator = situation.operator.id
    commands = [] if situation.configuration.email.enabled else ["`exsync settings set email.enabled=true`"]
    if situation.operator.removed:
        commands.append(f"`exsync operators set {operator} --mailbox {situation.operator.mailbox} --email`")
    elif not situation.operator.email_sync:
        commands.append(f"`exsync operators set {operator} --email`")
    yield Step(
        f"Email is not synchronised: {situation.off}",
        None,
        Verdict.STOPPED,
        setting="" if situation.configuration.email.enabled else "email.enabled",
        who=Owner.CRM.value,
        remedy=" and ".join(commands),
    )


def _standing(situation: Situation) -> Step:
    head, folders = situation.head, situation.head.states.folders
    if head.trouble is not None:
        return failing(head.trouble.code, head.trouble.since, head.trouble.detail, verdict=Verdict.STOPPED)
    if head.started_at is None:
        return Step(
            "The first sync has not begun yet",
            None,
            Verdict.COMING,
            who=Owner.NOBODY.value,
            remedy=f"It begins by itself; `exsync sync {situation.operator.id}` asks for it now.",
        )
    if head.complete_at is None:
        return Step(f"The first sync is under way: {head.items} items so far", head.started_at, told=True)
    return Step(f"The last complete sync of {len(folders)} folders began then", head.complete_at)


def _kept_step(kept: Kept, situation: Situation) -> Step:
    """The last step of a mail that the application holds."""
    item, head = kept.item, situation.head
    if item.born > head.page:
        return Step("It is being written: its page is not finished", None, Verdict.COMING, who=Owner.NOBODY.value)
    if not item.gone:
        return Step(f"The application holds it as {item.item_id}", kept.created, Verdict.STORED)
    left = item.gone == ChangeType.LEFT
    return Step(
        "It left the watched folders; the application keeps it, marked"
        if left
        else "It was deleted in Exchange; the application keeps it, marked",
        kept.gone_at,
        Verdict.GONE,
        setting="email.on_leave" if left else "email.on_delete",
        who=Owner.CRM.value,
        remedy="Moved back to a watched folder it is the same item again. With `remove` the next one goes altogether.",
    )


def steps_of_keeping(kept: Kept, situation: Situation) -> Iterator[Step]:
    """What the application knows of a mail that it holds; the last step decides."""
    if kept.leaving_since is not None:
        what = "Exchange told that it is no longer in its folder; the next sync finds out where it went"
        yield Step(what, kept.leaving_since, told=True)
    if kept.removal_is_held:
        yield failing(
            "brake-held", situation.head.held.since if situation.head.held else None, "this mail is among them"
        )
    if kept.created is not None and kept.changed is not None and kept.changed > kept.created:
        yield Step("Its last change was told to the application", kept.changed, told=True)
    yield _kept_step(kept, situation)
