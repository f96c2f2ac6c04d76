"""Alice's office with alerts set up, and rows in the index of failures as the sync writes them."""

import json
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from shared.flows.alert_failures import alert_failures
from shared.model.keys import shard_of
from shared.ports import Delete, Upsert, Value, World
from tests.flows.office import Office

SENDER = "crm-sync@contoso.example"
ADMINS = "admins@contoso.example"
BUDGET = timedelta(minutes=4)
AGO = timedelta(minutes=31)
"""Longer than alerts.after_minutes, as it is from the start."""


class AlertOffice(Office):
    """Failures are written by hand here; who writes them in truth is the sync."""

    async def prepared(self, **alerts: Any) -> "AlertOffice":
        """With a mailbox to send from, one to send to, and a mail server for when Exchange is down."""
        self.exchange.add_mailbox(SENDER)
        self.exchange.add_mailbox(ADMINS)
        await self.open()
        usual = {"from": SENDER, "failures_to": [ADMINS], "smtp_url": "smtp://127.0.0.1:2525"}
        await self.configure({"alerts": usual | alerts})
        return self

    async def fails(
        self,
        operator: str,
        *,
        code: str = "connection-refused",
        kind: str = "email",
        connection: str = "default",
        since: datetime | None = None,
    ) -> None:
        """An operator's collection fails, for longer than it takes to be told where `since` is not given."""
        mailbox_key = f"{operator:0>16}"[-16:]
        values: dict[str, Value] = {
            "operator_id": operator,
            "mailbox": f"{operator}@contoso.example",
            "connection": connection,
            "kind": kind,
            "code": code,
            "detail": "mail.contoso.example: nothing listens there",
            "since": since or self.now - AGO,
            "last": self.now,
            "count": 7,
            "request_ids": json.dumps([f"request-of-{operator}"]),
        }
        await self.rows.transact("failures", self._shard(mailbox_key), [Upsert(f"{mailbox_key}-{kind}", values)])

    async def mends(self, operator: str, *, kind: str = "email") -> None:
        """It succeeds again."""
        mailbox_key = f"{operator:0>16}"[-16:]
        await self.rows.transact("failures", self._shard(mailbox_key), [Delete(f"{mailbox_key}-{kind}")])

    def _shard(self, mailbox_key: str) -> str:
        return f"open-{shard_of(mailbox_key):02d}"

    async def pause(self, what: str) -> None:
        """An administrator pauses something: `all`, `kind-email`, `operator-alice`."""
        values: dict[str, Value] = {"reason": "the move", "by": "bob", "at": self.now}
        await self.rows.transact("configuration", "pauses", [Upsert(what, values)])

    async def resume(self, what: str) -> None:
        """And lets it go on."""
        await self.rows.transact("configuration", "pauses", [Delete(what)])

    async def tick(self, *, after: timedelta = timedelta(minutes=5), world: World | None = None) -> list[str]:
        """The timer fires, `after` the last time; the subjects of the mails that it sends."""
        self.now += after
        before = len(self.mails())
        await alert_failures(world or self.world(), budget=BUDGET)
        return [str(each["subject"]) for each in self.mails()[before:]]

    def told(self) -> list[tuple[str, str]]:
        """Whom each mail is for, and what it says of it."""
        return [(str(mail["to"]), str(mail["subject"]).removeprefix("[CRM sync] ")) for mail in self.mails()]

    def mails(self) -> list[EmailMessage]:
        """All mails so far: through Exchange, then over SMTP."""
        raw = [mime for _, mime in self.exchange.sent] + [each.mail for each in self.smtp.sent]
        return [message_from_bytes(each, policy=policy.default) for each in raw]

    def body(self) -> str:
        """The text of the last mail."""
        part = self.mails()[-1].get_body(("plain",))
        assert part is not None
        return str(part.get_content())
