"""The MIME form of a contact: a vCard 3.0 (RFC 2426) of its names, addresses and numbers."""

import re
from html import unescape

from devtools.exchange_simulator.mail import MailFacts

_TEXT = re.compile(r"<[^>]*>")


def vcard(facts: MailFacts) -> bytes:
    """Write the card."""

    def said(path: str) -> str:
        return unescape(_TEXT.sub("", facts.properties.get(path, "")))

    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(said('contacts:DisplayName') or facts.subject)}"]
    names = ("Surname", "GivenName", "MiddleName")
    lines.append("N:" + ";".join(_escaped(said(f"contacts:{name}")) for name in names) + ";;")
    for path in sorted(facts.properties):
        if path.startswith("contacts:EmailAddress/"):
            lines.append(f"EMAIL;TYPE=INTERNET:{_escaped(said(path))}")
        elif path.startswith("contacts:PhoneNumber/"):
            lines.append(f"TEL:{_escaped(said(path))}")
    return "".join(f"{line}\r\n" for line in [*lines, "END:VCARD"]).encode()


def _escaped(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", value).replace("\r\n", "\\n").replace("\n", "\\n")
