"""Autodiscover as plain XML ("POX"), which every Exchange since 2007 speaks. PROTOCOL 15.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/pox-autodiscover-web-service-reference-for-exchange
"""

from collections.abc import Iterator

from shared.model.autodiscover import Answer
from shared.wire.autodiscover.xml_answer import read_root
from shared.wire.ews.legal_text import content
from shared.wire.ews.reading import Element, child, local, text

_REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_OUTSIDE, _INSIDE = "EXPR", "EXCH"
_VERSION_DIGITS = 8


def request(address: str) -> bytes:
    """Ask for the settings of an address."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{_REQUEST}"><Request>'
        f"<EMailAddress>{content(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{_RESPONSE}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def parse(data: bytes) -> Answer:
    """Read the answer. Raises what `read_root` raises."""
    response = child(read_root(data, "Autodiscover"), "Response")
    if response is None:
        return Answer(error="the answer has no response")
    failure = child(response, "Error")
    if failure is not None:
        return Answer(error=f"{text(failure, 'ErrorCode')} {text(failure, 'Message')}".strip() or "an error")
    account = child(response, "Account")
    return Answer(error="the answer has no account") if account is None else _of_account(account)


def _of_account(account: Element) -> Answer:
    action = text(account, "Action").strip().lower()
    # Some servers leave the action out where the element itself says enough.
    if action in ("redirectaddr", "") and (address := text(account, "RedirectAddr").strip()):
        return Answer(redirect_address=address)
    if action in ("redirecturl", "") and (url := text(account, "RedirectUrl").strip()):
        return Answer(redirect_url=url)
    protocols = {text(each, "Type").strip().upper(): each for each in reversed(list(_protocols(account)))}
    inside, outside = protocols.get(_INSIDE), protocols.get(_OUTSIDE)
    builds = [_build(text(each, "ServerVersion")) for each in (inside, outside) if each is not None]
    return Answer(_ews(outside), _ews(inside), next((build for build in builds if build), ""))


def _protocols(account: Element) -> Iterator[Element]:
    return (each for each in account if local(each) == "Protocol")


def _ews(protocol: Element | None) -> str:
    """Quirk: Exchange 2007 and some later ones give EWS as the availability service's URL only."""
    if protocol is None:
        return ""
    return (text(protocol, "EwsUrl") or text(protocol, "ASUrl")).strip()


def _build(version: str) -> str:
    """Eight hexadecimal digits as a build: 6 bits major, 6 minor, 15 build, in that order from bit 27 down, `73C18880`.

    https://learn.microsoft.com/exchange/client-developer/web-service-reference/serverversion-pox
    """
    try:
        bits = int(version.strip(), 16)
    except ValueError:
        return ""
    if len(version.strip()) != _VERSION_DIGITS:
        return ""
    return f"{bits >> 22 & 0x3F}.{bits >> 16 & 0x3F}.{bits & 0x7FFF}"
