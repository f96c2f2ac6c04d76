"""Autodiscover's three languages: what is asked, and what answers of real shape are read as."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from shared.errors import Reconfigure, SyncError
from shared.model.autodiscover import Answer
from shared.wire.autodiscover import json_v2, pox, soap

SAMPLES = Path(__file__).parents[1] / "samples" / "autodiscover"
OUTSIDE = "https://mail.contoso.example/EWS/Exchange.asmx"
INSIDE = "https://inside.contoso.example/EWS/Exchange.asmx"
ONLINE = "https://outlook.office365.com/EWS/Exchange.asmx"
CLOUD_ADDRESS = "alice@contoso.mail.onmicrosoft.example"

type Parse = Callable[[bytes], Answer]


@pytest.mark.parametrize(
    ("parse", "sample", "answer"),
    [
        (json_v2.parse, "json_found.json", Answer(ONLINE)),
        (
            json_v2.parse,
            "json_error.json",
            Answer(error="ProtocolNotSupported The given protocol 'EWS' is not supported."),
        ),
        (pox.parse, "pox_settings.xml", Answer(OUTSIDE, INSIDE, "15.1.2507")),
        (pox.parse, "pox_redirect_address.xml", Answer(redirect_address=CLOUD_ADDRESS)),
        (
            pox.parse,
            "pox_redirect_url.xml",
            Answer(redirect_url="https://other.contoso.example/autodiscover/autodiscover.xml"),
        ),
        (pox.parse, "pox_error.xml", Answer(error="600 Invalid Request")),
        (
            soap.parse,
            "soap_settings.xml",
            Answer(OUTSIDE, INSIDE, "15.1.2507.61", ("Exchange2007", "Exchange2010", "Exchange2013")),
        ),
        (soap.parse, "soap_redirect_address.xml", Answer(redirect_address=CLOUD_ADDRESS)),
        (
            soap.parse,
            "soap_redirect_url.xml",
            Answer(redirect_url="https://other.contoso.example/autodiscover/autodiscover.svc"),
        ),
        (soap.parse, "soap_invalid_user.xml", Answer(error="InvalidUser Invalid user.")),
        (soap.parse, "soap_fault.xml", Answer(error="The server is busy.")),
    ],
)
def test_an_answer_is_read(parse: Parse, sample: str, answer: Answer) -> None:
    assert parse((SAMPLES / sample).read_bytes()) == answer


@pytest.mark.parametrize("parse", [json_v2.parse, pox.parse, soap.parse])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"<html><body>Sign in</body></html>",
        b"<Autodiscover",
        b"<a><b></a>",
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_answer_is_named_and_breaks_nothing(parse: Parse, body: bytes) -> None:
    with pytest.raises(SyncError):
        parse(body)


def test_a_document_type_never_reaches_the_parser() -> None:
    with pytest.raises(Reconfigure, match="not-exchange"):
        pox.parse((SAMPLES / "pox_entities.xml").read_bytes())


@pytest.mark.parametrize("sample", ["pox_settings.xml", "soap_settings.xml"])
def test_an_answer_that_is_cut_anywhere_raises_or_is_read_as_nothing_wrong(sample: str) -> None:
    whole = (SAMPLES / sample).read_bytes().rstrip()
    parse = pox.parse if sample.startswith("pox") else soap.parse
    for length in range(0, len(whole), 7):
        with pytest.raises(SyncError):
            parse(whole[:length])


@pytest.mark.parametrize("version", ["", "12", "no number", "73C189CB00", None])
def test_a_version_that_cannot_be_read_is_none(version: str | None) -> None:
    sample = (SAMPLES / "pox_settings.xml").read_text()
    element = f"<ServerVersion>{version}</ServerVersion>" if version is not None else ""
    told = pox.parse(sample.replace("<ServerVersion>73C189CB</ServerVersion>", element).encode())
    assert (told.url, told.build) == (OUTSIDE, "")


def test_an_address_is_written_as_text_whatever_is_in_it() -> None:
    address = 'a&b<"c>@contoso.example'
    request = etree.fromstring(pox.request(address))
    assert request.findtext(".//{*}EMailAddress") == address
    request = etree.fromstring(soap.request("https://x.example/?a&b", address))
    assert request.findtext(".//{*}Mailbox") == address
    assert request.findtext(".//{*}To") == "https://x.example/?a&b"
