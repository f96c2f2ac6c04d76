"""Autodiscover's SOAP service: GetUserSettings, for Exchange 2010 and later. PROTOCOL 15.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/getusersettings-operation-soap
"""

from collections.abc import Iterator

from shared.model.autodiscover import Answer
from shared.wire.autodiscover.xml_answer import read_root
from shared.wire.ews.envelope import SOAP
from shared.wire.ews.legal_text import content
from shared.wire.ews.reading import Element, child, local, text

NAMESPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
ACTION = f"{NAMESPACE}/Autodiscover/GetUserSettings"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_SETTINGS = ("ExternalEwsUrl", "InternalEwsUrl", "EwsSupportedSchemas", "MailboxVersion", "CasVersion")
_NO_ERROR = ("NoError", "")
_BUILD = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")


def request(url: str, address: str) -> bytes:
    """Ask for one mailbox's EWS settings. Exchange2010 is what every server with this service understands."""
    settings = "".join(f"<a:Setting>{name}</a:Setting>" for name in _SETTINGS)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{NAMESPACE}" xmlns:w="{_ADDRESSING}">'
        f"<s:Header><a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>"
        f"<w:Action>{ACTION}</w:Action><w:To>{content(url)}</w:To></s:Header>"
        f"<s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User>"
        f"<a:Mailbox>{content(address)}</a:Mailbox></a:User></a:Users>"
        f"<a:RequestedSettings>{settings}</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body>"
        f"</s:Envelope>"
    ).encode()


def parse(data: bytes) -> Answer:
    """Read the answer. Raises what `read_root` raises."""
    envelope = read_root(data, "Envelope")
    fault = _find(envelope, "Body", "Fault")
    if fault is not None:
        return Answer(error=text(fault, "faultstring").strip() or _find_text(fault, "Reason", "Text") or "a SOAP fault")
    response = _find(envelope, "Body", "GetUserSettingsResponseMessage", "Response")
    user = None if response is None else _find(response, "UserResponses", "UserResponse")
    if response is None:
        return Answer(error="the answer is SOAP, but not GetUserSettings")
    if user is None:
        return Answer(error=_error(response) or "the answer names no user")
    return _of_user(user, _server_build(envelope))


def _of_user(user: Element, build: str) -> Answer:
    code, target = text(user, "ErrorCode").strip(), text(user, "RedirectTarget").strip()
    if code == "RedirectAddress":
        return Answer(redirect_address=target)
    if code == "RedirectUrl":
        return Answer(redirect_url=target)
    if failure := _error(user):
        return Answer(error=failure)
    told = dict(_settings(user))
    return Answer(
        told.get("ExternalEwsUrl", ""),
        told.get("InternalEwsUrl", ""),
        told.get("MailboxVersion") or build or told.get("CasVersion", ""),
        tuple(name.strip() for name in told.get("EwsSupportedSchemas", "").split(",") if name.strip()),
    )


def _settings(user: Element) -> Iterator[tuple[str, str]]:
    found = child(user, "UserSettings")
    for setting in () if found is None else found:
        if local(setting) == "UserSetting":
            yield text(setting, "Name").strip(), text(setting, "Value").strip()


def _error(element: Element) -> str:
    """The error of a response or a user, empty where there is none."""
    code = text(element, "ErrorCode").strip()
    return "" if code in _NO_ERROR else f"{code} {text(element, 'ErrorMessage')}".strip()


def _server_build(envelope: Element) -> str:
    info = _find(envelope, "Header", "ServerVersionInfo")
    parts = [] if info is None else [text(info, name).strip() for name in _BUILD]
    return ".".join(parts) if parts and all(part.isdecimal() for part in parts) else ""


def _find(element: Element, *names: str) -> Element | None:
    found: Element | None = element
    for name in names:
        found = None if found is None else child(found, name)
    return found


def _find_text(element: Element, *names: str) -> str:
    found = _find(element, *names)
    return "" if found is None else (found.text or "").strip()
