"""A mail server in memory: the twin of `shared/adapters/smtp.py`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import Reconfigure, SyncError


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that was taken, with its envelope."""

    url: str
    mail: bytes
    sender: str
    recipients: tuple[str, ...]


class MemorySmtp:
    """The port `Smtp`. `sent` is what was taken; `strangers` are refused as recipients; `failure` is raised, once it is set."""

    def __init__(self) -> None:
        self.sent: list[SentMail] = []
        self.strangers: set[str] = set()
        self.failure: SyncError | None = None

    async def send(self, url: str, mail: bytes, *, sender: str, recipients: Sequence[str]) -> tuple[str, ...]:
        """Take the mail for those that are no strangers."""
        await asyncio.sleep(0)  # as a server would, let others in
        if self.failure is not None:
            raise self.failure
        taken = tuple(each for each in recipients if each not in self.strangers)
        if not taken:
            raise Reconfigure("smtp-refused", f"{', '.join(recipients)}: no such user")
        self.sent.append(SentMail(url, mail, sender, taken))
        return tuple(each for each in recipients if each in self.strangers)
