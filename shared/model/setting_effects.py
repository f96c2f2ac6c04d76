"""What a change of settings will do to mailboxes and to what is held: a pure function of before and after.

Said before it is done: work (a backfill, new subscriptions), and harm (something stops, or is taken away). Each rule says
what the flows do, not what one would wish.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.model.alerts import lasts_after, why_off
from shared.model.configuration import AUTO, Configuration, Connection, EmailSettings, Notifications

_ARRIVES = "within 15 seconds"
_SHORT = 15
"""Minutes. PROTOCOL 4.5: below it a short interruption of the listener costs the subscription."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a change does. `is_harmful`: something stops or is taken away, so somebody should agree to it."""

    setting: str
    sentence: str
    is_harmful: bool = False


type Rule = Callable[[Configuration, Configuration], Iterator[Effect]]


def effects(before: Configuration, after: Configuration) -> tuple[Effect, ...]:
    """What the change will do, harm first; nothing where nothing changes."""
    found = [effect for rule in _RULES for effect in rule(before, after)] if before != after else []
    return tuple(sorted(found, key=lambda effect: not effect.is_harmful))


def _connections(before: Configuration, after: Configuration) -> Iterator[Effect]:
    for name, old in before.connections.items():
        new = after.connections.get(name)
        if new is None:
            gone = "operators that name this connection fail with `connection-unknown` until they name another one"
            yield Effect(f"connections.{name}", gone, is_harmful=True)
        else:
            yield from _connection(old, new, 2 * before.notifications.frequency_minutes)


def _connection(old: Connection, new: Connection, silence: int) -> Iterator[Effect]:
    prefix = f"connections.{old.name}."
    if old.url != new.url:
        yield Effect(f"{prefix}url", _elsewhere(new, silence))
    if old.version != new.version:
        schema = f"requests follow what {new.version} understands, {_ARRIVES}; what failed is tried again, nothing is read anew"
        yield Effect(f"{prefix}version", schema)
    if (old.authentication, old.oauth) != (new.authentication, new.oauth):
        yield Effect(f"{prefix}authentication", _sign_in(new))
    if lost := [host for host in old.trusted_hosts if host not in new.trusted_hosts]:
        unreached = f"mailboxes that Autodiscover found on {_listed(lost)} are not reached there any more"
        yield Effect(f"{prefix}trusted_hosts", unreached, is_harmful=True)
    if old.batch_size != new.batch_size:
        pages = f"pages of {new.batch_size} changes from each mailbox's next sync on; nothing is read anew"
        yield Effect(f"{prefix}batch_size", pages)


def _elsewhere(new: Connection, silence: int) -> str:
    if new.url == AUTO:
        return "each mailbox of this connection is looked up by Autodiscover before its next sync"
    return (
        f"all mailboxes of this connection are asked at {new.url}, {_ARRIVES}; a mailbox whose sync state is not known there "
        "is read anew and compared with what is held, nothing is doubled; push that the old server made ends, and is made "
        f"anew after {silence} minutes of silence, until when the sweep brings what is new"
    )


def _sign_in(new: Connection) -> str:
    if new.oauth is None:
        secrets = f"{new.name}-username and {new.name}-password"
    else:
        secrets = f"{new.name}-client-secret or {new.name}-client-certificate"
    return f"signs in by {new.authentication}, {_ARRIVES}; it needs the secret {secrets} in Key Vault"


def _notifications(before: Configuration, after: Configuration) -> Iterator[Effect]:
    if not after.email.enabled:
        return
    old, new = before.notifications, after.notifications
    within = f"within {2 * old.frequency_minutes} minutes"
    asked = f"each mailbox is asked every {_counted(after.email.poll_minutes, 'minute')} (email.poll_minutes)"
    if new.mode == "poll":
        if old.mode == "push" and before.email.enabled:
            ends = f"push ends: {asked} instead; the subscriptions are dropped {within}"
            yield Effect("notifications.mode", ends, is_harmful=True)
    elif new.url is None:
        if _pushes(before) or not before.email.enabled or old.mode == "poll":
            none = f"it is not set, so no mailbox is subscribed: {asked}"
            yield Effect("notifications.url", none, is_harmful=_pushes(before))
    elif not _pushes(before) and before.email.enabled:
        name = "notifications.mode" if old.mode == "poll" else "notifications.url"
        yield Effect(name, "each mailbox is subscribed within 20 minutes, and synchronised once")
    elif before.email.enabled:
        yield from _subscribed_anew(old, new, within)


def _pushes(configuration: Configuration) -> bool:
    notifications = configuration.notifications
    return configuration.email.enabled and notifications.mode == "push" and notifications.url is not None


def _subscribed_anew(old: Notifications, new: Notifications, within: str) -> Iterator[Effect]:
    anew = f"each mailbox is subscribed anew {within}, and synchronised once"
    if old.url != new.url:
        yield Effect("notifications.url", f"{anew}; until then Exchange reports to {old.url}: keep it answering")
    elif old.frequency_minutes != new.frequency_minutes:
        yield Effect("notifications.frequency_minutes", anew)


def _frequency(before: Configuration, after: Configuration) -> Iterator[Effect]:
    minutes = after.notifications.frequency_minutes
    if minutes < _SHORT and minutes != before.notifications.frequency_minutes:
        costs = f"an interruption of {_counted(minutes, 'minute')} already costs the subscriptions, which are then made anew"
        yield Effect("notifications.frequency_minutes", f"below {_SHORT}, {costs}")


def _email(before: Configuration, after: Configuration) -> Iterator[Effect]:
    old, new = before.email, after.email
    if old.enabled and not new.enabled:
        stops = "email stops for all operators; what is held stays and can be read, and the subscriptions are dropped"
        yield Effect("email.enabled", stops, is_harmful=True)
    elif new.enabled and not old.enabled:
        starts = f"email starts for every operator whose `email_sync` is on: the initial sync reads {_window(new)}"
        yield Effect("email.enabled", starts)
    elif new.enabled:
        for rule in (_window_moved, _folders, _fates, _rules, _pace):
            yield from rule(old, new)


def _window(email: EmailSettings) -> str:
    if email.sync_from_days is None:
        return "all mail that there is"
    last = f"the last {_counted(email.sync_from_days, 'day')}"
    return last if email.sync_from_days else "only what comes from now on"


def _window_moved(old: EmailSettings, new: EmailSettings) -> Iterator[Effect]:
    was, now = old.sync_from_days, new.sync_from_days
    if was == now:
        return
    if now is None or (was is not None and now > was):
        far = "to the beginning" if now is None else f"to {_counted(now, 'day')} ago"
        moved = f"a backfill: at its next sync each window moves back {far}, and the older mail is read"
    else:
        moved = (
            "nothing that is held changes, since windows never move forward; it counts for mailboxes that start later"
        )
    yield Effect("email.sync_from_days", moved)


def _folders(old: EmailSettings, new: EmailSettings) -> Iterator[Effect]:
    watched, excluded = _Difference(old.folders, new.folders), _Difference(old.exclude_folders, new.exclude_folders)
    fate = "are taken out" if new.on_leave == "remove" else "are marked as left and stay (email.on_leave)"
    for name, dropped in (("email.folders", watched.removed), ("email.exclude_folders", excluded.added)):
        if dropped:
            leave = (
                f"the emails of {_listed(dropped)} leave, with those of the subfolders: they {fate}; where that is more than "
                "20 and a third of a mailbox, it waits for `exsync release ID`"
            )
            yield Effect(name, leave, is_harmful=True)
    for name, gained in (("email.folders", watched.added), ("email.exclude_folders", excluded.removed)):
        if gained:
            read = (
                f"{_listed(gained)}: the mail of the window is read, and the mailboxes that have it are subscribed anew"
            )
            yield Effect(name, read)


def _fates(old: EmailSettings, new: EmailSettings) -> Iterator[Effect]:
    pairs = (("on_leave", old.on_leave, new.on_leave), ("on_delete", old.on_delete, new.on_delete))
    for name, was, now in pairs:
        what = "leaves the watched folders" if name == "on_leave" else "is deleted in Exchange"
        if (was, now) == ("keep", "remove"):
            removed = f"email that {what} from now on is taken out here too; what is marked already stays"
            yield Effect(f"email.{name}", removed, is_harmful=True)
        elif was != now:
            yield Effect(
                f"email.{name}", f"email that {what} from now on stays, marked; what was taken out does not return"
            )


def _rules(old: EmailSettings, new: EmailSettings) -> Iterator[Effect]:
    """An item that a rule concerns is taken out when it changes, or comes in again; rules are not applied to the rest."""
    for name in ("skip_sensitivity", "exclude_addresses", "exclude_domains", "internal_domains"):
        yield from _rule(f"email.{name}", _Difference(getattr(old, name), getattr(new, name)))
    categories = _Difference(*(((each,) if each else ()) for each in (old.exclude_category, new.exclude_category)))
    yield from _rule("email.exclude_category", categories)


def _rule(name: str, difference: "_Difference") -> Iterator[Effect]:
    if difference.added:
        stricter = f"{_listed(difference.added)}: such email is not kept any more; what is held is taken out when it next changes"
        yield Effect(name, stricter, is_harmful=True)
    if difference.removed:
        milder = f"{_listed(difference.removed)}: such email is kept from now on; what was passed over comes when it next changes"
        yield Effect(name, milder)


def _pace(old: EmailSettings, new: EmailSettings) -> Iterator[Effect]:
    pairs = (("sweep_minutes", "with", old.sweep_minutes, new.sweep_minutes),)
    for name, which, was, now in (*pairs, ("poll_minutes", "without", old.poll_minutes, new.poll_minutes)):
        if was != now:
            every = f"every {_counted(now, 'minute')}, instead of every {was}"
            often = f"each mailbox {which} live push is synchronised {every}"
            yield Effect(f"email.{name}", often)


def _attachments(before: Configuration, after: Configuration) -> Iterator[Effect]:
    most = after.attachments.max_mb
    if most != before.attachments.max_mb:
        limit = f"attachments above {most} MiB of email that comes from now on are only listed; what is stored stays"
        yield Effect("attachments.max_mb", limit)


def _alerts(before: Configuration, after: Configuration) -> Iterator[Effect]:
    if not after.email.enabled:
        return
    off, was_told = why_off(after), before.email.enabled and not why_off(before)
    if off and (was_told or not before.email.enabled):
        name = "alerts.failures_to" if "alerts.failures_to" in off else "alerts.from"
        yield Effect(name, f"nobody gets a mail when a sync fails ({off})", is_harmful=was_told)
    elif not off and before.alerts.smtp_url and not after.alerts.smtp_url:
        silent = "no mail gets out while Exchange itself is what fails"
        yield Effect("alerts.smtp_url", silent, is_harmful=True)
    minutes, was = (int(lasts_after(each).total_seconds()) // 60 for each in (after, before))
    if minutes != was and not off:
        told = f"a sync that fails is told after {_counted(minutes, 'minute')}, instead of {was}"
        yield Effect("alerts.after_minutes", told)


def _suspension(before: Configuration, after: Configuration) -> Iterator[Effect]:
    days = after.operators.suspend_after_days
    if days != before.operators.suspend_after_days:
        tried = (
            f"a mailbox that only an administrator can mend is tried only once a day after {_counted(days, 'day')}, and "
            "leaves the digest then"
        )
        yield Effect("operators.suspend_after_days", tried)


def _retention(before: Configuration, after: Configuration) -> Iterator[Effect]:
    was, now = before.retention.email_days, after.retention.email_days
    if now is not None and (was is None or now < was):
        aged = f"email older than {_counted(now, 'day')} is taken out within a day, of all operators, also those who are off"
        yield Effect("retention.email_days", aged, is_harmful=True)
    elif now != was:
        yield Effect("retention.email_days", "email is kept longer from now on; what was taken out does not return")
    days = after.retention.audit_days
    if days < before.retention.audit_days:
        dropped = f"entries of the audit older than {_counted(days, 'day')} are deleted within a day"
        yield Effect("retention.audit_days", dropped, is_harmful=True)


def _counted(count: int | None, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class _Difference:
    """What a list of names gained and lost; who reads them ignores case, and a slash at either end of a folder's path."""

    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def added(self) -> list[str]:
        return _not_in(self.old, self.new)

    @property
    def removed(self) -> list[str]:
        return _not_in(self.new, self.old)


def _not_in(known: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    folded = {name.strip("/").lower() for name in known}
    return [name for name in names if name.strip("/").lower() not in folded]


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


_RULES: tuple[Rule, ...] = (
    _email,
    _retention,
    _connections,
    _notifications,
    _frequency,
    _attachments,
    _alerts,
    _suspension,
)
