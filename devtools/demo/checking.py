"""Whether everything that was delivered is where it belongs: readable, skipped for a reason, or named as a failure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from devtools.demo.office import OPERATORS, SWITCHED_ON, Delivered, Expected, Office
from devtools.exchange_simulator.simulator import ExchangeSimulator
from devtools.stack.application import Application, Document

_ABSENT = (Expected.PRIVATE, Expected.CATEGORY)


@dataclass(slots=True)
class Holding:
    """What the application holds of one operator."""

    operator: str
    emails: list[Document]
    changes: list[Document]
    failures: list[Document]
    status: Document


@dataclass(slots=True)
class Findings:
    """The result: what is held, what was skipped, and what is wrong (nothing, when all went well)."""

    holdings: list[Holding]
    readable: int = 0
    skipped: list[Delivered] = field(default_factory=list)
    damaged: list[Delivered] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def of(self, operator: str) -> Holding:
        """What is held of one operator."""
        return next(one for one in self.holdings if one.operator == operator)


async def look(application: Application, operator: str) -> Holding:
    """Read everything that the application holds of an operator, with bodies."""
    emails = await application.emails(operator, with_body=True)
    changes, _ = await application.changes(operator)
    failures = await application.failures(operator)
    return Holding(operator, emails, changes, failures, await application.status(operator))


async def check(application: Application, office: Office, exchange: ExchangeSimulator) -> Findings:
    """Compare what was delivered with what can be read by HTTP, and see that nobody looked into a mailbox that is off."""
    findings = Findings([await look(application, operator) for operator in OPERATORS])
    for holding in findings.holdings:
        _check_messages(findings, holding, office.of(holding.operator))
        _check_feed(findings, holding)
    for operator, mailbox in OPERATORS.items():
        if operator not in SWITCHED_ON and (asked := exchange.requests.mailboxes[mailbox]):
            findings.problems.append(
                f"{operator} is not switched on, but Exchange was asked {asked} times for that mailbox"
            )
    return findings


def _check_messages(findings: Findings, holding: Holding, delivered: Sequence[Delivered]) -> None:
    held = {_moment(email["received_at"]): email for email in holding.emails}
    missing: list[Delivered] = []
    for one in delivered:
        email = held.pop(one.received, None)
        if one.expected is Expected.NOT_SWITCHED_ON or one.expected in _ABSENT:
            if email is not None:
                findings.problems.append(f"{_name(one)} must not be in the application: {one.expected.value}")
            elif one.expected in _ABSENT:
                findings.skipped.append(one)
        elif email is None:
            missing.append(one)
        else:
            findings.readable += 1
            findings.problems += _differences(one, email)
    findings.problems += [
        f"{holding.operator} holds {email['subject']!r}, which nobody delivered" for email in held.values()
    ]
    findings.damaged += missing
    named = {_moment(failure["received_at"]) for failure in holding.failures if failure["received_at"]}
    lost = [one for one in missing if one.received not in named]
    if lost or len(missing) != len(holding.failures):
        findings.problems.append(
            f"{holding.operator}: {len(missing)} messages are not readable, {len(holding.failures)} are named as item "
            f"failures. Neither readable nor named: {'; '.join(map(_name, lost)) or 'none'}"
        )


def _differences(one: Delivered, email: Document) -> Iterable[str]:
    if email["text"] is None and email["html"] is None:
        yield f"{_name(one)} has no body"
    if len(email["attachments"]) != one.attachments:
        yield f"{_name(one)}: {one.attachments} attachments were sent, {len(email['attachments'])} are there"
    for file in email["attachments"]:
        if file["failure"]:
            yield f"{_name(one)}: attachment {file['name']!r} was not stored: {file['failure']}"


def _check_feed(findings: Findings, holding: Holding) -> None:
    created = Counter(change["item_id"] for change in holding.changes if change["type"] == "created")
    held = {email["item_id"] for email in holding.emails}
    if doubled := [item_id for item_id, count in created.items() if count > 1]:
        findings.problems.append(f"{holding.operator}: the feed says `created` twice for {', '.join(doubled)}")
    if set(created) != held:
        findings.problems.append(
            f"{holding.operator}: the feed says `created` for {len(created)} items, {len(held)} are held"
        )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _name(one: Delivered) -> str:
    return f"{one.operator}'s {one.subject[:60]!r} of {one.received:%Y-%m-%d %H:%M:%S}"
