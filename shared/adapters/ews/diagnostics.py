"""Why Exchange refused a token, in its own words: the header `x-ms-diagnostics` of a 401. PROTOCOL 2. No I/O.

Quirk: the form differs between servers (`2000002;reason="…";error_category="…"`, also without semicolons, quotes or number),
so whatever is there is read, and nothing is an error.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

_NUMBER = re.compile(r"\s*(\d{7})\b")
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"?|([^;,\s"]+))')
FIRST = 2_000_000
"""The number of the first family."""


class Family(IntEnum):
    """What about the token was refused: the last digit of the number."""

    SIGNATURE = 0
    TOKEN = 1
    EXPIRED = 2
    AUDIENCE = 3
    TENANT = 4
    USER = 5
    CLIENT = 6
    INTERNAL = 7
    GRANT = 8


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What the header says. `family` is None where it names none that we know."""

    family: Family | None
    reason: str
    category: str


# https://learn.microsoft.com/exchange/client-developer/exchange-web-services/instrumenting-client-requests-for-ews-and-rest-in-exchange
_CATEGORIES = {
    "invalid_signature": Family.SIGNATURE,
    "invalid_token": Family.TOKEN,
    "token_expired": Family.EXPIRED,
    "invalid_resource": Family.AUDIENCE,
    "invalid_tenant": Family.TENANT,
    "invalid_user": Family.USER,
    "invalid_client": Family.CLIENT,
    "internal_error": Family.INTERNAL,
    "invalid_grant": Family.GRANT,
}


def read(header: str) -> Diagnostics:
    """Read the header's value; an empty one gives empty diagnostics."""
    fields = {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(header)}
    category = fields.get("error_category") or fields.get("error_type") or ""
    family = _family(header)
    if family is None:
        family = _CATEGORIES.get(category.lower())
    return Diagnostics(family, fields.get("reason", ""), category)


def _family(header: str) -> Family | None:
    found = _NUMBER.match(header)
    offset = int(found[1]) - FIRST if found else -1
    return Family(offset) if offset in Family else None
