"""Codes of others that lead to ours: what Exchange, Entra ID, Key Vault and Azure Storage say, and what it is called here.

For docs/failures.md and `exsync failures explain`; the tables are `model/foreign_codes.py`. What an adapter decides by more than
the code has a `when`, which a test holds true.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.model.foreign_codes import (
    AADSTS,
    CERTIFICATE_ERRORS,
    HTTP_STATUSES,
    RESPONSE_CODES,
    STORAGE_ERRORS,
    TOKEN_FAMILIES,
    UNKNOWN,
    VAULT_ERRORS,
    of_http_status,
)


class Origin(StrEnum):
    """Whose code it is, as it is written before the code."""

    EXCHANGE = ""
    HTTP = "HTTP"
    ENTRA = "AADSTS"
    TOKEN = "x-ms-diagnostics"
    CERTIFICATE = "X509_V_ERR"
    VAULT = "Key Vault"
    STORAGE = "Azure Storage"


@dataclass(frozen=True, slots=True)
class Sign:
    """A code of another's that leads to one of ours; `when` says under which condition, where there are others."""

    origin: Origin
    name: str
    code: str
    when: str = ""

    def __str__(self) -> str:
        gap = "" if self.origin in (Origin.EXCHANGE, Origin.ENTRA) else " "
        return f"{self.origin.value}{gap}{self.name}"


_HTTP_CONDITIONS = (
    ("302", "exchange-unavailable", "to Exchange's own error page"),
    ("400", "request-too-large", "the page says that something is too large"),
    ("401", "account-locked", "the page says that the account is locked out"),
    ("403", "ews-blocked", "the page speaks of EWS, or the connection is to Exchange365"),
    ("500", "mailbox-unknown", "X-CasErrorCode: EmailAddressNotFound"),
    ("500", "version-not-supported", "the page says that the version is invalid"),
    ("200", "not-exchange", "the answer is not SOAP"),
    ("200", "url-wrong", "the answer is a page for people"),
    ("3xx", "redirected", ""),
    ("5xx", "exchange-unavailable", "without a SOAP fault"),
)


_ANY = "any that is not named elsewhere"


def _signs() -> Iterator[Sign]:
    for code, names in RESPONSE_CODES.items():
        yield from (Sign(Origin.EXCHANGE, name, code) for name in names.split())
    yield from (Sign(Origin.HTTP, str(status), code) for status, code in HTTP_STATUSES.items())
    yield from (Sign(Origin.HTTP, *condition) for condition in _HTTP_CONDITIONS)
    for code, numbers in AADSTS.items():
        yield from (Sign(Origin.ENTRA, str(number), code) for number in numbers)
    yield from (Sign(Origin.TOKEN, str(number), code) for number, code in TOKEN_FAMILIES.items())
    yield from (Sign(Origin.CERTIFICATE, str(number), code) for number, code in CERTIFICATE_ERRORS.items())
    yield from (Sign(Origin.VAULT, name, code) for name, code in VAULT_ERRORS.items())
    yield from (Sign(Origin.STORAGE, name, code) for name, code in STORAGE_ERRORS.items())
    yield Sign(Origin.EXCHANGE, "Error…", UNKNOWN, _ANY)
    yield Sign(Origin.ENTRA, "…", "token-refused", _ANY)
    yield Sign(Origin.CERTIFICATE, "…", "tls-untrusted", _ANY)
    yield Sign(Origin.HTTP, "4xx", "url-wrong", _ANY)


SIGNS = tuple(_signs())


def signs_of(code: str) -> list[Sign]:
    """What leads to one of our codes."""
    return [sign for sign in SIGNS if sign.code == code]


def look_up(asked: str) -> list[Sign]:
    """What a code that somebody met somewhere leads to, in any case and spacing; without its origin every one that has it.

    A code that no table has leads where its origin's unknown ones lead; what is no code at all leads nowhere.
    """
    wanted = _bare(asked)
    found = [sign for sign in SIGNS if wanted in (_bare(sign.name), _bare(str(sign)))]
    is_conditional = all(sign.when for sign in found)
    return found + [sign for sign in (_unknown(asked.strip(), wanted),) if sign and is_conditional]


def _unknown(asked: str, wanted: str) -> Sign | None:
    if status := re.fullmatch(r"(?:http)?([3-5]\d\d)", wanted):
        return Sign(Origin.HTTP, status[1], of_http_status(int(status[1])))
    if number := re.fullmatch(r"aadsts(\d+)", wanted):
        return Sign(Origin.ENTRA, number[1], "token-refused", _ANY)
    if re.fullmatch(r"Error[A-Z]\w+", asked):
        return Sign(Origin.EXCHANGE, asked, UNKNOWN, _ANY)
    return None


def _bare(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()
