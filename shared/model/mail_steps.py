"""What decides on a mail that Exchange has: its folder, time, sensitivity, category and addresses, and whether it can be
read. And what is likely of one that is nowhere.

Each step asks the rule that the sync goes by. DESIGN 3, `email.*`.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from shared.model.collection import Phase, WatchedFolder
from shared.model.email import Email
from shared.model.explanation import Seen, Situation, Step, Unreadable, Verdict, failing, shown
from shared.model.failures import Owner
from shared.model.folders import folder_paths, unwatched_folders, watched_folders
from shared.model.rules import BEGINNING, FORGOTTEN, moment_of, reason_to_skip, window_start

_BEFORE = "Mail that came before is taken when it changes, or when `email.sync_from_days` is enlarged."
_WITHOUT = f"Set it without this one: `exsync settings set {{setting}}='[…]'`. {_BEFORE}"
_UNDO = (
    "`exsync forget --address ADDRESS --undo`, with the address of this person, lets in what comes from then on. Nobody's "
    f"address is kept here: it stands in the mail itself. {_BEFORE}"
)
_RULES = {
    "email.skip_sensitivity": ("Its sensitivity keeps it out", Owner.CRM, _WITHOUT),
    "email.exclude_category": (
        "Its category keeps it out",
        Owner.OPERATOR,
        "Take the category off the mail in Outlook: the next sync takes it.",
    ),
    "email.exclude_addresses": ("One of its addresses keeps it out", Owner.CRM, _WITHOUT),
    "email.exclude_domains": ("The domain of one of its addresses keeps it out", Owner.CRM, _WITHOUT),
    "email.internal_domains": ("All its addresses are internal, and such mail is kept out", Owner.CRM, _WITHOUT),
}
_ANEW = "Give the mail a category in Outlook: the sync looks at it anew."
_TO_ACT = timedelta(hours=12)
_DELIVERY = timedelta(minutes=1)
"""How much later than the time that it carries a mail may be in its folder, by clocks that are not ours."""
_POWERSHELL_QUOTES = "'\u2018\u2019\u201a\u201b"


def steps_in_exchange(
    situation: Situation, seen: Seen, unreadable: Unreadable | None, *, is_held: bool
) -> Iterator[Step]:
    """Where the mail is and which rules it passes. For one that is held all this is only told."""
    email = seen.email
    path = folder_paths(situation.tree).get(seen.folder_id, "a folder without a name")
    yield Step(f"Exchange has it in {path}", moment_of(email, by_sent=False) if email else None)
    for step in _checks(situation, seen, path, unreadable):
        yield replace(step, verdict=None, told=True) if is_held and step.verdict else step


def _checks(situation: Situation, seen: Seen, path: str, unreadable: Unreadable | None) -> Iterator[Step]:
    folder = _watched(situation).get(seen.folder_id)
    if folder is None:
        yield _unwatched(situation, seen.folder_id, path)
    else:
        yield Step(f"{path} is watched", setting="email.folders")
        if seen.email is not None:
            yield _window(situation, seen.email, folder)
            if too_old := _too_old(situation, seen.email, folder):
                yield too_old
    if seen.email is not None:
        yield _rule(situation, seen.email)
    if unreadable is not None:
        detail = f"{unreadable.detail} (attempts: {unreadable.count}, the last {shown(unreadable.last)})".strip()
        yield failing(unreadable.code, unreadable.first, detail, verdict=Verdict.FAILED)
    elif seen.refusal is not None:
        yield failing(seen.refusal.code, situation.now, seen.refusal.detail, verdict=Verdict.FAILED)


def _watched(situation: Situation, *, excluded: bool = True) -> dict[str, WatchedFolder]:
    email = situation.configuration.email
    found = watched_folders(situation.tree, email.folders, email.exclude_folders if excluded else ())
    return {folder.id: folder for folder in found}


def _unwatched(situation: Situation, folder_id: str, path: str) -> Step:
    """Why a folder is not watched."""
    email = situation.configuration.email
    move = "Move the mail to a watched folder in Outlook"
    trash, _ = unwatched_folders(situation.tree, ())
    if folder_id in _watched(situation, excluded=False):
        remedy = f"Set it without this one: `exsync settings set email.exclude_folders='[…]'`. Or: {move}."
        return _kept_out(f"{path} is excluded", "email.exclude_folders", Owner.CRM, remedy)
    if folder_id in trash:
        what = f"{path} is not watched: the mail was deleted"
        return _kept_out(what, "email.folders", Owner.OPERATOR, f"{move}.")
    names = shlex.quote("email.folders=" + json.dumps([*email.folders, path], ensure_ascii=False))
    remedy = f"`exsync settings set {names}` watches it in every mailbox that has it. Or: {move}."
    return _kept_out(f"{path} is not watched", "email.folders", Owner.CRM, remedy)


def _kept_out(what: str, setting: str, who: Owner, remedy: str, at: datetime | None = None) -> Step:
    """A setting keeps the mail out, or, where it is "", a wish to be forgotten."""
    return Step(what, at, Verdict.KEPT_OUT, setting=setting, who=who.value, remedy=remedy)


def _window(situation: Situation, email: Email, folder: WatchedFolder) -> Step:
    head, days = situation.head, situation.configuration.email.sync_from_days
    start = head.window_from or window_start(head, days, situation.now)[0]
    moment = moment_of(email, by_sent=folder.by_sent)
    word = "sent" if folder.by_sent else "received"
    if start == BEGINNING:
        return Step("Mail of any age is taken", moment, setting="email.sync_from_days")
    if moment is None or moment >= start:
        return Step(
            f"It was {word} after {shown(start)}, where the window begins", moment, setting="email.sync_from_days"
        )
    days_ago = _days_since(moment, situation.now)
    kept = situation.configuration.retention.email_days
    longer = "" if kept is None or kept >= days_ago else f"retention.email_days={days_ago} "
    window = "all" if moment < BEGINNING else days_ago
    command = f"exsync settings set {longer}email.sync_from_days={window}"
    remedy = f"`{command}` takes it, and everybody's mail of that age."
    what = f"It was {word} before {shown(start)}, where the window begins"
    return _kept_out(what, "email.sync_from_days", Owner.CRM, remedy, moment)


def _too_old(situation: Situation, email: Email, folder: WatchedFolder) -> Step | None:
    """The step of a mail that is older than email is kept; None for any other."""
    days, moment = situation.configuration.retention.email_days, moment_of(email, by_sent=folder.by_sent)
    if days is None or moment is None or moment >= situation.now - timedelta(days=days):
        return None
    longer = f"exsync settings set retention.email_days={_days_since(moment, situation.now)}"
    if larger := _larger_window(situation):
        remedy = f"`{longer} {larger}` keeps mail of that age, everybody's, and reads the window again."
    else:
        remedy = f"`{longer}` keeps mail of that age, everybody's. Then: {_ANEW}"
    return _kept_out(
        f"It is older than the {days} days that email is kept", "retention.email_days", Owner.CRM, remedy, moment
    )


def _rule(situation: Situation, email: Email) -> Step:
    setting = reason_to_skip(email, situation.keep)
    if setting == FORGOTTEN:
        return _kept_out("One of its people was forgotten: such mail is kept out", "", Owner.CRM, _UNDO)
    if not setting:
        return Step("Its sensitivity, categories and addresses are not excluded")
    what, who, remedy = _RULES.get(setting, ("A setting keeps it out", Owner.CRM, _WITHOUT))
    return _kept_out(f"{what} ({setting})", setting, who, remedy.format(setting=setting))


def not_held_step(situation: Situation, seen: Seen) -> Step:
    """The last step of a mail that is in Exchange and not in the application: how far the sync is."""
    head = situation.head
    folder = head.folder(seen.folder_id)
    ask = f"It comes by itself; `exsync sync {situation.operator.id}` asks for it now."
    if head.intent is not None and seen.id in head.intent.refs:
        return _coming("It is in the page that is being written", head.started_at, ask)
    if folder is None:
        return _coming("The sync has not looked at the folder yet", head.started_at, ask)
    if folder.phase is Phase.WINDOW:
        reached = f", and has come down to {shown(folder.before)}" if folder.before else ""
        return _coming(f"The first import of the folder goes from the newest mail on{reached}", head.started_at, ask)
    if folder.phase is Phase.DRAIN:
        return _coming("The folder is being compared with what is held", head.started_at, ask)
    moment = moment_of(seen.email, by_sent=folder.by_sent) if seen.email else None
    looked_at = head.looked_at
    if situation.asked_at or looked_at is None or (moment is not None and moment >= looked_at - _DELIVERY):
        return _coming("The last look at all folders began before it came", head.looked_at, ask)
    return Step(
        "The sync has looked at the folder since: the mail was moved there meanwhile, or what kept it out has changed",
        head.looked_at,
        Verdict.PASSED_OVER,
        who=Owner.OPERATOR.value,
        remedy=f"First `exsync sync {situation.operator.id}`. Then: {_ANEW}{_for_all_such_mail(situation)}",
    )


def _for_all_such_mail(situation: Situation) -> str:
    larger = _larger_window(situation)
    return f" For all such mail: `exsync settings set {larger}` reads the window again." if larger else ""


def _larger_window(situation: Situation) -> str:
    """The setting with which the mailbox's window is read again; empty where it goes back to the beginning already."""
    days, was = situation.configuration.email.sync_from_days, situation.head.window_days or 0
    return "" if days is None or was < 0 else f"email.sync_from_days={max(days, was) + 1}"


def _days_since(moment: datetime, now: datetime) -> int:
    """How many days go back to a moment, and will still do so for who reads this some hours later."""
    return (now - moment + _TO_ACT).days + 1


def _coming(what: str, at: datetime | None, remedy: str) -> Step:
    return Step(what, at, Verdict.COMING, who=Owner.NOBODY.value, remedy=remedy)


def nowhere_step(situation: Situation, *, message_id: str, subject: str) -> Step:
    """The last step of a mail that is neither in Exchange nor in the application: where it was looked for."""
    folders = len(searched_folders(situation))
    likely = "It was deleted for good, is in another mailbox or the archive, or never arrived"
    return Step(
        f"It is in none of the {folders} mail folders. {likely}",
        situation.now,
        Verdict.NOT_FOUND,
        who=Owner.EXCHANGE.value,
        remedy=f"`{tracking_command(situation, message_id=message_id, subject=subject)}` says whether it arrived and where.",
    )


def searched_folders(situation: Situation) -> list[str]:
    """The ids of all folders that can hold mail: watched, unwatched, deleted."""
    trash, others = unwatched_folders(situation.tree, ())
    return [*others, *trash]


def tracking_command(situation: Situation, *, message_id: str, subject: str) -> str:
    """What the Exchange administrator asks for a message's way.

    https://learn.microsoft.com/powershell/module/exchange/get-messagetrackinglog
    https://learn.microsoft.com/powershell/module/exchange/get-messagetracev2
    """
    recipient = _quoted(situation.operator.mailbox)
    connection = situation.configuration.connections.get(situation.operator.connection)
    if connection is not None and connection.version == "Exchange365":
        what = f"-MessageId {_quoted(message_id)}" if message_id else f"-Subject {_quoted(subject)}"
        return f"Get-MessageTraceV2 -RecipientAddress {recipient} {what}"
    what = f"-MessageId {_quoted(message_id)}" if message_id else f"-MessageSubject {_quoted(subject)}"
    return f"Get-TransportService | Get-MessageTrackingLog -Recipients {recipient} {what}"


def _quoted(text: str) -> str:
    """A text as PowerShell takes it for one argument, whatever is in it. Quirk: curly quotes end a text too."""
    doubled = "".join(each * 2 if each in _POWERSHELL_QUOTES else each for each in text if each.isprintable())
    return f"'{doubled}'"
