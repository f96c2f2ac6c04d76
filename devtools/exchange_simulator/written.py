"""Items that were written property by property: their facts are stored, their MIME is composed when it is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any

from devtools.exchange_simulator.composing import compose
from devtools.exchange_simulator.icalendar_writing import icalendar
from devtools.exchange_simulator.mail import Attachment, MailFacts
from devtools.exchange_simulator.vcards import vcard


@dataclass(frozen=True)
class WrittenContent:
    """What a client wrote, as it stands; a change makes another one."""

    written: MailFacts
    search_key: bytes

    @cached_property
    def _mime(self) -> bytes:
        kind = self.written.item_class.upper()
        if kind.startswith("IPM.APPOINTMENT"):
            return icalendar(self.written)
        return vcard(self.written) if kind.startswith("IPM.CONTACT") else compose(self.written)

    @property
    def size(self) -> int:
        return len(self._mime) + sum(len(value) for value in self.written.properties.values())

    def facts(self) -> MailFacts:
        return self.written

    def mime_blocks(self) -> Iterator[bytes]:
        yield self._mime


def settled(facts: MailFacts, overrides: dict[str, Any]) -> MailFacts:
    """Give the facts with what was set on the item in place of what the message says."""
    known = {
        name: overrides[name] for name in ("subject", "sensitivity", "importance", "categories") if name in overrides
    }
    return replace(facts, item_class=overrides.get("item_class") or facts.item_class, **known)


def keyed(attachments: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
    """Give every attachment the key that it goes by, so that it stays when another one goes."""
    return tuple(one if one.key is not None else replace(one, key=number) for number, one in zip(count(), attachments))
