"""Who takes part in a mail, and by which addresses, in the form in which settings and requests compare them.

One address is one, however it is written: case, composed letters, and a domain in Unicode or in ASCII (`xn--`, RFC 3492)
make no difference. `dana+news@…` is another one than `dana@…`: only her mail server knows better.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.model.email import Email, Participant

_AROUND = " \t<>'\""
_ASCII_LABEL = "xn--"
_LISTS = ("to", "cc", "bcc", "reply_to")


def compared(address: str) -> str:
    """An address, or a domain, as it is compared."""
    plain = address.strip(_AROUND).lower()
    if plain.isascii() and _ASCII_LABEL not in plain:
        return plain
    local, at, domain = plain.rpartition("@")
    return unicodedata.normalize("NFC", local + at + ".".join(map(_label, domain.split(".")))).lower()


def _label(label: str) -> str:
    if not label.startswith(_ASCII_LABEL):
        return label
    try:
        return label.removeprefix(_ASCII_LABEL).encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def writers_and_readers(email: Email) -> Iterator[Participant]:
    """From and sender, to, cc and bcc."""
    yield from (who for who in (email.from_, email.sender) if who is not None)
    yield from (*email.to, *email.cc, *email.bcc)


def everybody(email: Email) -> Iterator[Participant]:
    """The same, and to whom answers go."""
    yield from (*writers_and_readers(email), *email.reply_to)


def everybody_of(facts: Mapping[str, Any]) -> Iterator[Participant]:
    """The same of a stored email, by its document."""
    for who in (facts["from"], facts["sender"], *(each for name in _LISTS for each in facts[name])):
        if who is not None:
            yield Participant(who["name"] or "", who["address"] or "")


def addresses_of(people: Iterable[Participant]) -> set[str]:
    """Their addresses as compared; also one that stands in place of the name, as unresolved and forwarded mail has it."""
    texts = (text for who in people for text in (who.address, who.name if "@" in who.name else ""))
    return {compared(text) for text in texts if text}
