"""Refusals of Exchange, read from a fault or a response message, as the errors that the flows know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.errors import Reconfigure, SyncError, Transient
from shared.model.exchange import ItemFailure
from shared.wire.ews import response_codes
from shared.wire.ews.response_codes import MEANINGS, UNKNOWN, Meaning

SUCCESS = "NoError"
ITEM_NOT_FOUND = "ErrorItemNotFound"
NOT_EXECUTED = "ErrorBatchProcessingStopped"

_OF_ANSWERS = "answer-malformed answer-truncated not-exchange notification-invalid url-wrong"
# What the adapter says when there is no answer to read; named here so that the registry has one list to be complete by.
_OF_TRANSPORT = """
    access-blocked account-blocked account-locked authentication-failed authentication-unsupported
    autodiscover-failed autodiscover-untrusted certificate-expired certificate-host-mismatch certificate-self-signed
    certificate-untrusted client-blocked client-certificate-expired client-certificate-invalid client-secret-expired
    client-secret-wrong client-unknown cloud-wrong conditional-access connection-lost connection-not-found
    connection-refused connection-unknown consent-missing dns-failed ews-blocked exchange-timeout
    exchange-unreachable redirected request-too-large secret-missing tenant-unknown tls-failed tls-untrusted
    token-audience-wrong token-expired token-invalid token-refused token-resource-unknown token-role-missing
    token-tenant-wrong token-unavailable token-user-unknown trust-invalid url-insecure url-invalid
"""
ALL_CODES = response_codes.CODES.union(_OF_ANSWERS.split(), _OF_TRANSPORT.split())
"""Every code of the failure registry that can come of working with Exchange."""

_BUSY = "ErrorServerBusy"
_INTERNAL = "ErrorInternalServerError"
_MOVE_TAKES = timedelta(minutes=5)
_LONGEST_BACK_OFF = timedelta(hours=1)
_WITHOUT_BODY = frozenset({"item-corrupt", "item-conversion-failed"})
_OLD_VERSION_TEXT = "specified server version is invalid"
_EWS_IS_OFF = re.compile(r"\b(?:EWS|Exchange Web Services)\b[^.]*\b(?:disabled|blocked|not enabled)", re.IGNORECASE)
# Refusals that speak of one item although their class is "an administrator must act".
_OF_ONE_ITEM = frozenset({"access-denied", "mailbox-full"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server said instead of doing it. `values` are the named values of MessageXml, `paths` its properties,
    `request_id` the ids under which the server knows the request, as whoever sent it adds them."""

    exchange_code: str
    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    request_id: str = ""

    @property
    def meaning(self) -> Meaning:
        """Class of error and code of the registry; an unknown response code is permanent."""
        if _EWS_IS_OFF.search(self.text):
            return Reconfigure, "ews-blocked"
        return MEANINGS.get(self._effective_code(), UNKNOWN)

    @property
    def retry_after(self) -> timedelta | None:
        """How long the server wants to be left alone, an hour at most; None where it does not say."""
        milliseconds = self.values.get("BackOffMilliseconds", "").strip()
        if milliseconds.isdecimal() and len(milliseconds) < 12:
            return min(timedelta(milliseconds=int(milliseconds)), _LONGEST_BACK_OFF)
        return _MOVE_TAKES if self.meaning[1] == "mailbox-moving" else None

    def _effective_code(self) -> str:
        if self.exchange_code == _INTERNAL and _BUSY in self.values.get("InnerErrorResponseCode", ""):
            return _BUSY  # Quirk: throttling comes wrapped in an internal error.
        if self.exchange_code not in MEANINGS and _OLD_VERSION_TEXT in self.text:
            return "ErrorInvalidServerVersion"  # Quirk: some servers refuse a version by text alone.
        return self.exchange_code

    def detail(self) -> str:
        """What a person reads: the server's code and words, and what it named."""
        primary = self.primary_address
        named = f" The primary address is {primary}." if primary else ""
        words = " ".join(part for part in (self.exchange_code, self.text) if part)
        return (words or "the server gave no reason") + named

    @property
    def primary_address(self) -> str:
        """The address to use instead, where the server names it (ErrorNonPrimarySmtpAddress)."""
        if self.meaning[1] != "mailbox-not-primary":
            return ""
        return next((value.strip() for name, value in self.values.items() if "primary" in name.lower()), "")


def error(refusal: Refusal) -> SyncError:
    """The refusal as an exception for the whole call."""
    kind, code = refusal.meaning
    return kind(
        code,
        refusal.detail(),
        retry_after=refusal.retry_after,
        exchange_code=refusal.exchange_code,
        named=refusal.paths or ((refusal.primary_address,) if refusal.primary_address else ()),
        request_id=refusal.request_id,
    )


def item_failure(item_id: str, refusal: Refusal) -> ItemFailure:
    """The refusal as the outcome of one item of a batch."""
    kind, code = refusal.meaning
    return ItemFailure(
        id=item_id,
        code=code,
        exchange_code=refusal.exchange_code,
        detail=refusal.detail(),
        gone=code == "item-gone",
        transient=issubclass(kind, Transient),
        request_id=refusal.request_id,
    )


def is_refused_property(exchange_code: str, named: tuple[str, ...]) -> bool:
    """Whether the server refuses properties that it names, and would do the same without them. PROTOCOL 13.1."""
    return exchange_code == "ErrorInvalidPropertyRequest" and bool(named)


def says_ews_is_off(page: str) -> bool:
    """Whether a text says that EWS as a whole is switched off or blocked."""
    return _EWS_IS_OFF.search(page) is not None


def says_version_is_invalid(page: str) -> bool:
    """Whether a text refuses the RequestServerVersion. PROTOCOL 1.1."""
    return _OLD_VERSION_TEXT in page


def concerns_mailbox(refusal: Refusal) -> bool:
    """Whether a refusal given for one item is really about the account, the mailbox or the server."""
    kind, code = refusal.meaning
    return (issubclass(kind, Reconfigure) and code not in _OF_ONE_ITEM) or code == "mailbox-moving"


def is_throttling(refusal: Refusal) -> bool:
    """Whether the server was merely too busy: nothing of this was tried."""
    return refusal.meaning[1] == "exchange-busy"


def may_succeed_without_body(refusal: Refusal) -> bool:
    """Whether the item may be had without its body: only that part of it cannot be read."""
    return refusal.meaning[1] in _WITHOUT_BODY
