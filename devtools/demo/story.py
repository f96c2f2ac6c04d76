"""What the demo does, step by step, and how long each step takes: from delivery in Exchange to readable by HTTP."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from devtools.demo import sample_mail
from devtools.demo.checking import Findings, check
from devtools.demo.office import OPERATORS, SWITCHED_ON, Delivered, Expected, Office, deliver
from devtools.stack import NeverHappened, Stack, until
from devtools.stack.application import Document
from devtools.stack.waiting import LOOK_EVERY_SECONDS

type Tell = Callable[[str], None]
LIMIT = timedelta(seconds=90)
LIMIT_PER_MESSAGE = timedelta(seconds=0.2)
_LOOKED_AT = 20
_STATUS_EVERY_SECONDS = 0.1


@dataclass(slots=True)
class Step:
    """One step of the story; `seconds` is how long it took."""

    what: str
    seconds: float = 0.0


@dataclass(slots=True)
class Story:
    """The demo under way: its parts, its mail and the steps so far. `tell` shows progress."""

    stack: Stack
    office: Office
    tell: Tell
    steps: list[Step] = field(default_factory=list)

    @property
    def limit(self) -> timedelta:
        """How long a step may take at most."""
        return LIMIT + LIMIT_PER_MESSAGE * len(self.office.delivered)

    async def run(self) -> Findings:
        """The whole story. Raises NeverHappened for a step that did not come to its end."""
        await self._switch_on()
        await self._first_sync()
        new = await self._a_message_arrives()
        await self._it_is_read_in_outlook(new)
        await self._it_is_deleted_in_outlook()
        return await check(self.stack.application, self.office, self.stack.exchange)

    async def _switch_on(self) -> None:
        application = self.stack.application
        with self._step("settings written and three operators put (Charlie without email_sync)"):
            await self.stack.configure(email={"sync_from_days": self.office.days + 1})
            for operator, mailbox in OPERATORS.items():
                await application.put_operator(operator, mailbox, email_sync=operator in SWITCHED_ON)

    async def _first_sync(self) -> None:
        since = time.monotonic()
        with self._step("switched on → the first message readable", since):
            await self._until(lambda: self.stack.application.newest("alice", 1), bool, "the first message of Alice's")
        for operator in SWITCHED_ON:
            await self._is_live(operator, since)

    async def _is_live(self, operator: str, since: float) -> None:
        name, count = operator.capitalize(), len(self.office.of(operator))
        with self._step(f"switched on → all of {name}'s {count} messages, push live", since):
            await self._until(
                lambda: self._status(operator),
                lambda status: status["state"] == "live",
                f"the first sync of {name}",
                every=_STATUS_EVERY_SECONDS,
            )

    async def _a_message_arrives(self) -> Delivered:
        application = self.stack.application
        now = datetime.now(UTC).replace(microsecond=0)
        raw = sample_mail.new_message(now)
        with self._step("a message arrives in Exchange → pushed → readable"):
            new = deliver(self.stack.exchange, "alice", raw, now)
            self.office = replace(self.office, delivered=(*self.office.delivered, new))
            email = await self._until_email(new, lambda _email: True, "the new message")
        with self._step("its attachment (40 KB) read back, the same to the byte"):
            content = await application.attachment("alice", email["item_id"], 0)
            if content != sample_mail.PDF:
                raise NeverHappened(f"the attachment differs: {len(content)} bytes of {len(sample_mail.PDF)}")
        return new

    async def _it_is_read_in_outlook(self, new: Delivered) -> None:
        with self._step("somebody reads it in Outlook → `updated` in the feed"):
            self.stack.exchange.flag(OPERATORS["alice"], new.item, read=True)
            await self._until_email(new, lambda email: email["is_read"], "the read flag")

    async def _it_is_deleted_in_outlook(self) -> None:
        oldest = next(one for one in self.office.of("bob") if one.expected is Expected.READABLE)
        with self._step("Bob deletes another one in Outlook → `deleted` in the feed, the email is kept"):
            self.stack.exchange.delete(OPERATORS["bob"], oldest.item)
            await self._until_email(oldest, lambda email: email["gone"] == "deleted", "the deletion")

    async def _status(self, operator: str) -> Document:
        status = await self.stack.application.status(operator)
        self.tell(f"{operator.capitalize()}: {status['state']}, {status['items']} items, {_why(status)}")
        return status

    async def _until_email(self, one: Delivered, holds: Callable[[Document], bool], what: str) -> Document:
        """The email in the list, once it is there and `holds`."""

        async def found() -> Document | None:
            emails = await self.stack.application.newest(one.operator, _LOOKED_AT)
            there = [email for email in emails if datetime.fromisoformat(email["received_at"]) == one.received]
            return next((email for email in there if holds(email)), None)

        email = await self._until(found, bool, what)
        assert email is not None
        return email

    async def _until[T](
        self,
        look: Callable[[], Awaitable[T]],
        holds: Callable[[T], object],
        what: str,
        *,
        every: float = LOOK_EVERY_SECONDS,
    ) -> T:
        return await until(look, holds, what=what, within=self.limit, every=every)

    @contextmanager
    def _step(self, what: str, since: float | None = None) -> Iterator[None]:
        """Measure a step, from `since` where it began before."""
        self.tell(what)
        started = since or time.monotonic()
        yield
        self.steps.append(Step(what, time.monotonic() - started))


def _why(status: Document) -> str:
    failure = status["failure"]
    return status["reason"] if failure is None else f"{failure['cause']} {failure['remedy']} ({failure['detail']})"
