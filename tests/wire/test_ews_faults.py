"""Each refusal of Exchange is an error that says what to do; the table knows Microsoft's codes and PROTOCOL's."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from shared.errors import Permanent, Reconfigure, Resync, SyncError, Transient
from shared.wire.ews import faults
from shared.wire.ews.faults import ALL_CODES, Refusal
from shared.wire.ews.response_codes import MEANINGS

ROOT = Path(__file__).parents[2]
PROTOCOL = ROOT.parent / "shared" / "PROTOCOL.md"
# Which code of the registry is of which class; one code is always of one class.
CLASSES: dict[type[SyncError], str] = {
    Transient: """exchange-busy exchange-unavailable exchange-timeout exchange-internal-error exchange-routing-failed
        impersonation-failed mailbox-moving sending-limited""",
    Resync: "sync-state-invalid folder-gone subscription-lost watermark-invalid item-changed",
    Reconfigure: """access-denied impersonation-denied mailbox-unknown mailbox-not-primary mailbox-address-invalid
        mailbox-misconfigured account-disabled wrong-server version-not-supported organization-blocked
        subscription-limit push-url-invalid mailbox-full""",
    Permanent: """item-gone item-id-invalid item-corrupt item-conversion-failed item-too-large query-too-large
        item-infected appointment-refused operation-not-supported request-invalid exchange-refused""",
}
NOT_IN_THE_SCHEMA = {"ErrorSubscriptionUnsubsribed"}


@pytest.mark.parametrize("kind", CLASSES)
def test_each_code_is_of_one_class(kind: type[SyncError]) -> None:
    assert {code for each, code in MEANINGS.values() if each is kind} == set(CLASSES[kind].split())


def test_the_table_holds_only_codes_of_microsofts_schema(schema: etree.XMLSchema) -> None:
    names = set(re.findall(r'value="(\w+)"', (ROOT.parent / "shared/ews-schema/Messages.xsd").read_text()))
    assert set(MEANINGS) - names == NOT_IN_THE_SCHEMA


@pytest.mark.skipif(not PROTOCOL.is_file(), reason="PROTOCOL.md is not at hand")
def test_the_table_holds_every_code_that_the_protocol_sheet_names() -> None:
    section = PROTOCOL.read_text().partition("### 13.1")[2].partition("## 14")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| Error")]
    named = {name for row in rows for name in re.findall(r"\bError\w+\b(?![*…])", row)}
    assert len(named) > 100
    assert named - set(MEANINGS) == set()


def test_a_code_that_nobody_knows_is_permanent() -> None:
    wrong = faults.error(Refusal("ErrorOfTomorrow", "Who knows."))
    assert isinstance(wrong, Permanent)
    assert (wrong.code, wrong.exchange_code) == ("exchange-refused", "ErrorOfTomorrow")
    assert wrong.detail == "ErrorOfTomorrow Who knows."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, None),
        ({"BackOffMilliseconds": " 1500 "}, timedelta(seconds=1.5)),
        ({"BackOffMilliseconds": "-5"}, None),
        ({"BackOffMilliseconds": "soon"}, None),
        ({"BackOffMilliseconds": "999999999999999999"}, None),
        ({"BackOffMilliseconds": "99999999999"}, timedelta(hours=1)),
    ],
)
def test_the_pause_that_the_server_asks_for(values: dict[str, str], expected: timedelta | None) -> None:
    assert faults.error(Refusal("ErrorServerBusy", values=values)).retry_after == expected


def test_throttling_is_seen_through_its_wrapping() -> None:
    wrapped = Refusal("ErrorInternalServerError", values={"InnerErrorResponseCode": "ErrorServerBusy"})
    assert faults.error(wrapped).code == "exchange-busy"
    assert faults.is_throttling(wrapped)
    assert faults.error(Refusal("ErrorInternalServerError")).code == "exchange-internal-error"


def test_an_item_that_is_gone_is_told_from_one_that_may_come() -> None:
    gone = faults.item_failure("I1", Refusal("ErrorItemNotFound"))
    busy = faults.item_failure("I1", Refusal("ErrorTimeoutExpired"))
    assert (gone.gone, gone.transient, gone.code) == (True, False, "item-gone")
    assert (busy.gone, busy.transient, busy.code) == (False, True, "exchange-timeout")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ErrorNonExistentMailbox", True),
        ("ErrorImpersonateUserDenied", True),
        ("ErrorMailboxMoveInProgress", True),
        ("ErrorAccessDenied", False),
        ("ErrorItemNotFound", False),
        ("ErrorInternalServerError", False),
    ],
)
def test_what_concerns_the_mailbox_is_told_from_what_concerns_an_item(code: str, *, expected: bool) -> None:
    assert faults.concerns_mailbox(Refusal(code)) is expected


def test_the_primary_address_is_given_where_the_server_names_it() -> None:
    wrong = faults.error(Refusal("ErrorNonPrimarySmtpAddress", "No.", {"Primary": "alice@contoso.example"}))
    assert wrong.detail == "ErrorNonPrimarySmtpAddress No. The primary address is alice@contoso.example."


def test_every_code_in_the_sources_is_listed() -> None:
    files = [*(ROOT / "shared/wire/ews").glob("*.py"), *(ROOT / "shared/adapters/ews").glob("*.py")]
    classes = {"Transient", "Resync", "Reconfigure", "Permanent", "Invalid"}
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    codes = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in classes and isinstance(call.args[0], ast.Constant)
    }
    assert len(codes) > 10
    assert codes <= ALL_CODES
