"""What an administrator asks about alerts: which causes are open, and whether a mail would get out."""

from typing import Any

from shared.errors import Invalid
from shared.flows import alert_mail
from shared.flows.alert_mail import Outcome
from shared.flows.alert_rows import OPEN, OVER, TABLE, group_of
from shared.flows.reading import Listed
from shared.flows.settings_document import read_settings
from shared.flows.status import explained
from shared.model import alert_texts
from shared.model.alerts import Group, recipients
from shared.model.configuration import Configuration
from shared.model.cursors import read_cursor, write_cursor
from shared.model.email import timestamp
from shared.model.failures import failure
from shared.model.operator import Kind
from shared.model.setting_values import ascii_address
from shared.ports import World

_SCOPE = "alerts"
_OF_SENDER = (
    "`exsync settings set alerts.from=<address>` with the primary address of a mailbox that the service account may impersonate, "
    "and `alerts.connection=<name>` where it is not on that connection."
)


async def list_alerts(world: World, *, limit: int = 100, after: str = "") -> Listed:
    """The causes that last, each with its remedy and who was told. Raises Invalid("cursor-invalid")."""
    place = read_cursor(_SCOPE, after, parts=1)[0] if after else ""
    page = await world.rows.query(TABLE, OPEN, after=place, before=OVER, limit=limit)
    last = page.rows[-1].key if page.rows else ""
    items = [_shown(group_of(row)) for row in page.rows]
    return Listed(items, write_cursor(_SCOPE, last) if page.next and last else None)


def _shown(group: Group) -> dict[str, Any]:
    times = {name: timestamp(getattr(group, name)) for name in ("since", "opened_at", "told_at", "clear_since")}
    return {
        **explained(group.code),
        "connection": group.cause.connection or None,
        "mailboxes": group.mailboxes,
        "most": group.most,
        "kinds": list(group.kinds),
        "operators": list(group.operators),
        "detail": group.detail,
        "request_ids": list(group.request_ids),
        **times,
        "told": list(group.told),
        "paused": group.is_quiet,
        "pending": group.pending,
        "mail_failure": group.failed or None,
    }


async def try_alerts(world: World, to: str = "") -> dict[str, Any]:
    """Send a trial mail by each way, and say what became of it. Raises Invalid("request-malformed").

    `to` empty: to those who are told of failures.
    """
    configuration, _ = await read_settings(world.rows)
    whom = _whom(configuration, to)
    ways = [await _tried(world, configuration, way, whom) for way in (alert_mail.EXCHANGE, alert_mail.SMTP)]
    return {"to": list(whom), "ways": ways}


def _whom(configuration: Configuration, to: str) -> tuple[str, ...]:
    if not to.strip():
        if not (known := recipients(configuration, Kind)):
            raise Invalid("request-malformed", "to: give an address, or set alerts.failures_to")
        return known
    try:
        return (ascii_address(to),)
    except ValueError as wrong:
        raise Invalid("request-malformed", f"to: {wrong}") from None


async def _tried(world: World, configuration: Configuration, way: str, to: tuple[str, ...]) -> dict[str, Any]:
    text = alert_texts.trial("through Exchange" if way == alert_mail.EXCHANGE else "over SMTP")
    sender = configuration.alerts.from_
    name = f"trial.{world.new_id()}"
    mail = alert_mail.written(text, sender=sender, to=to, name=name, now=world.now()) if sender else b""
    if way == alert_mail.EXCHANGE:
        return _outcome(await alert_mail.by_exchange(world, configuration, mail))
    return _outcome(await alert_mail.by_smtp(world, configuration, mail, to))


def _outcome(outcome: Outcome) -> dict[str, Any]:
    code = outcome.failure.code if outcome.failure else "smtp-refused" if outcome.refused else None
    return {
        "way": outcome.way,
        "state": "off" if outcome.off else "failed" if code else "sent",
        "detail": outcome.off or outcome.detail,
        "code": code,
        "remedy": _remedy(code) if code else None,
    }


def _remedy(code: str) -> str:
    """The sender is no operator: what would be set of an operator is set of the alerts."""
    remedy = failure(code).remedy_of_call
    return _OF_SENDER if "<operator>" in remedy else remedy
