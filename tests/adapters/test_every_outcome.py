"""No failure without a code of the catalogue: all response codes of Microsoft's schema, all HTTP outcomes, all other errors.

Each ends in a code of the registry, with a cause, a remedy and an owner; none of what is known in `internal-error`.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import httpx
import pytest
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError

from shared.adapters.ews.connection import Connection, OAuth
from shared.adapters.ews.http_status import promises_soap, status_error
from shared.adapters.ews.refused_tokens import token_error
from shared.adapters.ews.token_refusals import refusal
from shared.adapters.ews.transport_errors import certificate_error, transport_error
from shared.adapters.secrets import vault_error
from shared.adapters.storage_errors import translated
from shared.errors import SyncError
from shared.model.failure_signs import SIGNS, Origin, look_up
from shared.model.failures import REGISTRY, Owner, error_class
from shared.wire.ews import faults, find_folder
from shared.wire.ews.faults import Refusal
from shared.wire.ews.response_codes import MEANINGS
from tests.adapters.ews.world import ALICE, SAMPLES, ToldServer, exchange_at, http

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "ews-schema" / "Messages.xsd"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
BASIC = Connection("default", "https://mail.contoso.example/EWS/Exchange.asmx", authentication="basic")
ONLINE = Connection(
    "default",
    "https://outlook.office365.com/EWS/Exchange.asmx",
    version="Exchange365",
    authentication="oauth",
    oauth=OAuth("client", "https://login.microsoftonline.com/t/oauth2/v2.0/token", "scope"),
)
FAULT = (SAMPLES / "fault_server_busy.xml").read_bytes()
# Parts of Exchange that a synchroniser never asks; what they say is `exchange-refused`, with their own words.
ELSEWHERE = re.compile(
    r"Error.*(UnifiedMessag|UnifiedGroup|TeamMailbox|Extension|Sharing|Federat|Delegate|ManagedFolder|Speech|Recognizer|"
    r"UMServer|Location|Weather|Search|Archive|RetentionTag|SenderRestrictions|Sweep|Rule|MessageTracking|Photo|"
    r"ClientIntent|AccessTokenRequest|Phone|Prompt|SIPUri|IPGateway|Oof|WorkingHours|ImContact|ImGroup|ImDistribution|"
    r"IndividualMailboxLimit|LikeRequest|ReportMessage|KeepN|BulkAction|Latitude|Longitude|MailboxHold|Ecp|"
    r"OrganizationRelationship|ConversationAction|ExtendedKeyword)"
)


def in_the_catalogue(wrong: SyncError) -> None:
    entry = REGISTRY[wrong.code]
    assert wrong.code != "internal-error"
    assert type(wrong) is error_class(wrong.code)
    assert entry.cause and entry.remedy and isinstance(entry.owner, Owner)
    assert wrong.detail or wrong.code == "exchange-busy"


def response_codes() -> list[str]:
    if not SCHEMA.is_file():
        return []
    found = re.search(r'simpleType name="ResponseCodeType".*?</xs:simpleType>', SCHEMA.read_text("utf-8"), re.DOTALL)
    assert found
    return [name for name in re.findall(r'enumeration value="(\w+)"', found[0]) if name != faults.SUCCESS]


@pytest.fixture(scope="module")
def all_codes() -> list[str]:
    codes = response_codes()
    if not codes:
        pytest.skip("Microsoft's schema is not at hand")
    return codes


def test_every_response_code_of_the_schema_is_in_the_catalogue(all_codes: list[str]) -> None:
    assert len(all_codes) > 500
    for code in all_codes:
        in_the_catalogue(faults.error(Refusal(code, "No.")))
        item = faults.item_failure("I1", Refusal(code, "No."))
        assert REGISTRY[item.code].remedy


def test_every_response_code_that_a_synchroniser_can_meet_has_a_name_of_its_own(all_codes: list[str]) -> None:
    nameless = [code for code in all_codes if code not in MEANINGS]
    assert [code for code in nameless if not ELSEWHERE.match(code)] == []


def test_every_response_code_can_be_explained(all_codes: list[str]) -> None:
    for code in all_codes:
        (sign,) = look_up(code)
        assert sign.code == faults.error(Refusal(code, "No.")).code


def test_a_fault_read_off_the_wire_is_called_as_the_table_says(all_codes: list[str]) -> None:
    for code in all_codes:
        answer = find_folder.Answer()
        with pytest.raises(SyncError) as raised:
            answer.feed(FAULT.replace(b"ErrorServerBusy", code.encode()))
            answer.close()
        in_the_catalogue(raised.value)
        assert raised.value.exchange_code == code


BODIES = {
    "nothing": "",
    "a page": "<html><body>Not here</body></html>",
    "a SOAP body": FAULT.decode(),
    "a page about EWS": "EWS is disabled for this mailbox",
    "a page about size": "Request Too Long",
}
STATUSES = range(300, 600)


@pytest.mark.parametrize("connection", [BASIC, ONLINE], ids=["basic", "online"])
@pytest.mark.parametrize("body", BODIES)
def test_every_http_status_is_in_the_catalogue(body: str, connection: Connection) -> None:
    for status in STATUSES:
        request = httpx.Request("POST", connection.url)
        response = httpx.Response(status, request=request, text=BODIES[body])
        in_the_catalogue(status_error(response, BODIES[body], connection, NOW))


OVER_HTTP = ("", "<html><body>Server Error</body></html>", FAULT.decode())


@pytest.mark.parametrize("body", OVER_HTTP, ids=["nothing", "page", "fault"])
@pytest.mark.parametrize(
    "status", [200, 204, 301, 302, 304, 400, 401, 403, 404, 407, 418, 429, 456, 500, 503, 504, 599]
)
async def test_an_answer_over_a_socket_is_in_the_catalogue_and_brings_its_ids(status: int, body: str) -> None:
    answer = http(f"{status} Told", body.encode(), "request-id: r-1", "X-FEServer: EX01", "Location: /elsewhere")
    async with ToldServer([answer]).running() as server, exchange_at(Connection("default", server.url)) as exchange:
        with pytest.raises(SyncError) as raised:
            await exchange.find_folders(ALICE)
    in_the_catalogue(raised.value)
    if raised.value.code != "connection-lost":
        assert "client-request-id=request-" in raised.value.request_id
        assert "request-id=r-1 X-FEServer=EX01" in raised.value.request_id


def of_the_way() -> Iterator[Exception]:
    """What httpx and the system raise for a request that got no whole answer."""
    for kind in (
        *(httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.ConnectTimeout),
        *(
            httpx.ReadTimeout,
            httpx.WriteTimeout,
            httpx.PoolTimeout,
            httpx.RemoteProtocolError,
            httpx.LocalProtocolError,
        ),
        *(httpx.ProxyError, httpx.UnsupportedProtocol, httpx.DecodingError, httpx.TooManyRedirects, httpx.InvalidURL),
    ):
        yield kind("No.")
    for cause in (
        socket.gaierror(-2, "Name or service not known"),
        ConnectionRefusedError(111, "refused"),
        ssl.SSLError(),
    ):
        wrong = httpx.ConnectError("No.")
        wrong.__cause__ = cause
        yield wrong
    yield from (OSError(101, "unreachable"), ConnectionResetError(104, "reset"), TimeoutError())


@pytest.mark.parametrize("wrong", list(of_the_way()), ids=repr)
def test_every_error_of_the_way_to_exchange_is_in_the_catalogue(wrong: Exception) -> None:
    in_the_catalogue(transport_error(wrong, "mail.contoso.example"))


def test_every_reason_to_refuse_a_certificate_is_in_the_catalogue() -> None:
    for number in range(100):
        refused = ssl.SSLCertVerificationError("No.")
        refused.verify_code, refused.verify_message = number, "No."
        in_the_catalogue(certificate_error(refused, "mail.contoso.example"))


def answered(status: int, code: str = "") -> HttpResponseError:
    error = HttpResponseError(f"{status} {code}")
    error.status_code, error.error_code = status, code  # type: ignore[attr-defined]
    return error


def test_every_status_of_storage_and_of_the_vault_is_in_the_catalogue() -> None:
    named = [sign.name for sign in SIGNS if sign.origin in (Origin.STORAGE, Origin.VAULT) and sign.name.isalpha()]
    for status in STATUSES:
        for code in ("", "ServerBusy", *named):
            in_the_catalogue(translated(answered(status, code)))
            in_the_catalogue(vault_error("default-password", answered(status, code)))


@pytest.mark.parametrize(
    "wrong",
    [
        AzureError("No."),
        ServiceRequestError("No."),
        ServiceResponseError("No."),
        ServiceRequestError(aiohttp.ClientError()),
    ],
    ids=repr,
)
def test_storage_and_a_vault_that_do_not_answer_are_in_the_catalogue(wrong: AzureError) -> None:
    in_the_catalogue(translated(wrong))
    in_the_catalogue(vault_error("default-password", wrong))


def test_every_number_of_entra_is_in_the_catalogue_and_brings_its_ids() -> None:
    numbers = [int(sign.name) for sign in SIGNS if sign.origin is Origin.ENTRA and sign.name.isdigit()]
    for number in (*numbers, *range(50000, 50200), 12345678):
        text = f"AADSTS{number}: No."
        ids = {"trace_id": "t-1", "correlation_id": "c-1", "timestamp": "2026-11-20 12:00:00Z"}
        wrong = refusal({"error": "invalid_client", "error_description": text, **ids}, "https://login.example/token")
        in_the_catalogue(wrong)
        assert wrong.request_id == "2026-11-20 12:00:00Z trace_id=t-1 correlation_id=c-1"
        (sign,) = look_up(f"AADSTS{number}")
        assert sign.code == wrong.code


@pytest.mark.parametrize("number", [*range(2_000_000, 2_000_010), 1])
def test_every_family_of_refused_tokens_is_in_the_catalogue(number: int) -> None:
    request = httpx.Request("POST", ONLINE.url)
    response = httpx.Response(401, request=request, headers={"x-ms-diagnostics": f'{number};reason="No."'})
    wrong = token_error(response, ONLINE, NOW) or status_error(response, "", ONLINE, NOW)
    in_the_catalogue(wrong)
    if signs := look_up(f"x-ms-diagnostics {number}"):
        assert [sign.code for sign in signs] == [wrong.code]


CONDITIONS: dict[str, tuple[httpx.Response, str]] = {
    "to Exchange's own error page": (httpx.Response(302, headers={"location": "/ews/genericerrorpage.htm"}), ""),
    "the page says that something is too large": (httpx.Response(400), "Request Too Long"),
    "the page says that the account is locked out": (httpx.Response(401), "the account is locked out"),
    "the page speaks of EWS, or the connection is to Exchange365": (httpx.Response(403), "EWS is disabled here"),
    "X-CasErrorCode: EmailAddressNotFound": (
        httpx.Response(500, headers={"x-caserrorcode": "EmailAddressNotFound"}),
        "",
    ),
}
OF_BODIES = {
    "the page says that the version is invalid": http("500 E", b"The specified server version is invalid."),
    "the answer is not SOAP": http("200 OK", b"Hello"),
    "the answer is a page for people": http("200 OK", b"<html><body>Sign in</body></html>"),
    "without a SOAP fault": http("500 E", b"<html><body>Oops</body></html>"),
}


async def test_what_the_catalogue_says_of_conditions_is_so() -> None:
    conditional = {sign.when: sign.code for sign in SIGNS if sign.origin is Origin.HTTP and sign.when}
    conditional = {when: code for when, code in conditional.items() if when != "any that is not named elsewhere"}
    assert set(conditional) == {*CONDITIONS, *OF_BODIES}
    for when, (response, body) in CONDITIONS.items():
        response.request = httpx.Request("POST", BASIC.url)
        assert not promises_soap(response) or response.status_code == 500
        assert status_error(response, body, BASIC, NOW).code == conditional[when], when
    for when, answer in OF_BODIES.items():
        async with ToldServer([answer]).running() as server, exchange_at(Connection("default", server.url)) as exchange:
            with pytest.raises(SyncError) as raised:
                await exchange.find_folders(ALICE)
            assert raised.value.code == conditional[when], when


def test_a_sign_leads_to_a_code_of_the_registry() -> None:
    assert {sign.code for sign in SIGNS} <= set(REGISTRY)
    assert len({(sign.origin, sign.name, sign.when) for sign in SIGNS}) == len(SIGNS), "a sign stands for one thing"


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("ErrorImpersonateUserDenied", {"impersonation-denied"}),
        ("errorimpersonateuserdenied", {"impersonation-denied"}),
        ("AADSTS7000215", {"client-secret-wrong"}),
        ("aadsts 7000215", {"client-secret-wrong"}),
        ("7000215", {"client-secret-wrong"}),
        ("AADSTS1", {"token-refused"}),
        ("HTTP 403", {"access-blocked", "ews-blocked"}),
        ("403", {"access-blocked", "ews-blocked", "vault-denied", "storage-denied"}),
        ("http 302", {"redirected", "exchange-unavailable"}),
        ("HTTP 418", {"url-wrong"}),
        ("Key Vault 403", {"vault-denied"}),
        ("SecretDisabled", {"secret-disabled"}),
        ("X509_V_ERR 10", {"certificate-expired"}),
        ("ErrorOfTomorrow", {"exchange-refused"}),
        ("nonsense", set()),
    ],
)
def test_a_code_is_found_as_somebody_writes_it(asked: str, codes: set[str]) -> None:
    assert {sign.code for sign in look_up(asked)} == codes
