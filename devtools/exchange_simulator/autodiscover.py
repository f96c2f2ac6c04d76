"""Autodiscover beside EWS: v2 JSON without credentials, POX and SOAP with them (PROTOCOL 15).

Mailboxes of this organisation are here; `tell` says otherwise for an address, as in a hybrid organisation.
"""

from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree

from aiohttp import web
from multidict import CIMultiDict

from devtools.exchange_simulator.accounts import Account, Accounts
from devtools.exchange_simulator.directory import Directory
from devtools.exchange_simulator.ntlm import NtlmConnections
from devtools.exchange_simulator.versions import Product

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_AUTODISCOVER = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_POX = "http://schemas.microsoft.com/exchange/autodiscover"
_SCHEMAS = "Exchange2007, Exchange2007_SP1, Exchange2010, Exchange2010_SP1, Exchange2010_SP2, Exchange2013"
_PAGE_OF_XML = "text/xml"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it reached the server."""

    way: str
    address: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What is said about an address: an EWS URL, another address, another URL to ask, or an error; one of them."""

    ews_url: str = ""
    redirect_address: str = ""
    redirect_url: str = ""
    error: str = ""


class Autodiscover:
    """What the service knows, and what it was asked. `plain_redirect` is where an unauthenticated GET is sent to.

    `ways` are those that are served; the others answer 404, as on an old server.
    """

    def __init__(self, directory: Directory, accounts: Accounts, ntlm: NtlmConnections, product: Product) -> None:
        self.asked: list[Asked] = []
        self.plain_redirect = ""
        self.ways = {"json", "soap", "pox"}
        self._told: dict[str, Told] = {}
        self._directory, self._accounts, self._ntlm, self._product = directory, accounts, ntlm, product

    def tell(self, address: str, told: Told) -> None:
        """Say this about an address from now on."""
        self._told[address.casefold()] = told

    def add_routes(self, app: web.Application, ews_path: str) -> None:
        """Serve it at the usual paths."""
        self._ews_path = ews_path
        app.router.add_get("/autodiscover/autodiscover.json/v1.0/{address}", self._json)
        app.router.add_post("/autodiscover/autodiscover.svc", self._soap)
        app.router.add_post("/autodiscover/autodiscover.xml", self._pox)
        app.router.add_get("/autodiscover/autodiscover.xml", self._plain)

    def _look_up(self, request: web.Request, way: str, address: str) -> Told:
        self.asked.append(Asked(way, address, "Authorization" in request.headers))
        told = self._told.get(address.casefold())
        if told is not None:
            return told
        if self._directory.get(address) is None:
            return Told(error="InvalidUser")
        return Told(ews_url=f"{request.scheme}://{request.host}{self._ews_path}")

    async def _json(self, request: web.Request) -> web.Response:
        if "json" not in self.ways:
            return web.Response(status=404)
        told = self._look_up(request, "json", request.match_info["address"])
        protocol = request.query.get("Protocol", "")
        if protocol.lower() != "ews":
            text = "The given protocol value is invalid. Supported values are 'Ews'."
            return web.json_response({"ErrorCode": "InvalidProtocol", "ErrorMessage": text}, status=400)
        if told.redirect_url:
            return web.Response(status=302, headers={"Location": told.redirect_url})
        if told.ews_url:
            return web.json_response({"Protocol": protocol, "Url": told.ews_url})
        return web.json_response(
            {"ErrorCode": "UserNotFound", "ErrorMessage": "The given user is not found"}, status=404
        )

    async def _plain(self, request: web.Request) -> web.Response:
        self.asked.append(Asked("plain", "", "Authorization" in request.headers))
        if self.plain_redirect:
            return web.Response(status=302, headers={"Location": self.plain_redirect})
        return self._unauthorized(request)

    async def _pox(self, request: web.Request) -> web.Response:
        refused = self._refused(request, "pox")
        if refused is not None:
            return refused
        address = _text_of(await request.read(), "EMailAddress")
        return web.Response(text=self._pox_answer(self._look_up(request, "pox", address)), content_type=_PAGE_OF_XML)

    async def _soap(self, request: web.Request) -> web.Response:
        refused = self._refused(request, "soap")
        if refused is not None:
            return refused
        address = _text_of(await request.read(), "Mailbox")
        return web.Response(text=self._soap_answer(self._look_up(request, "soap", address)), content_type=_PAGE_OF_XML)

    def _refused(self, request: web.Request, way: str) -> web.Response | None:
        if way not in self.ways:
            return web.Response(status=404)
        authorization = request.headers.get("Authorization", "")
        account = self._accounts.identify(authorization) or self._ntlm.identify(request)
        if isinstance(account, Account) and not account.locked:
            return None
        self.asked.append(Asked(way, "", "Authorization" in request.headers))
        return self._unauthorized(request, account if isinstance(account, str) else "")

    def _unauthorized(self, request: web.Request, challenge: str = "") -> web.Response:
        """`challenge` is the second message of an NTLM handshake."""
        challenges = self._accounts.challenges(request.host, request.headers.get("Authorization", ""), challenge)
        return web.Response(status=401, headers=CIMultiDict(challenges))

    def _pox_answer(self, told: Told) -> str:
        if told.redirect_address:
            body = _account("redirectAddr", f"<RedirectAddr>{escape(told.redirect_address)}</RedirectAddr>")
        elif told.redirect_url:
            body = _account("redirectUrl", f"<RedirectUrl>{escape(told.redirect_url)}</RedirectUrl>")
        elif told.error:
            body = (
                '<Error Time="12:00:00.0000000" Id="1"><ErrorCode>500</ErrorCode>'
                "<Message>The email address can't be found.</Message><DebugData /></Error>"
            )
        else:
            protocols = (
                f"<Protocol><Type>EXCH</Type><ServerVersion>{_hexadecimal(self._product.build)}</ServerVersion>"
                f"<EwsUrl>{escape(told.ews_url)}</EwsUrl></Protocol>"
                f"<Protocol><Type>EXPR</Type><EwsUrl>{escape(told.ews_url)}</EwsUrl></Protocol>"
            )
            body = _account("settings", protocols)
        return (
            f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{_POX}/responseschema/2006">'
            f'<Response xmlns="{_POX}/outlook/responseschema/2006a">{body}</Response></Autodiscover>'
        )

    def _soap_answer(self, told: Told) -> str:
        code = told.error or (
            "RedirectAddress" if told.redirect_address else "RedirectUrl" if told.redirect_url else "NoError"
        )
        target = escape(told.redirect_address or told.redirect_url)
        settings = {"ExternalEwsUrl": told.ews_url, "InternalEwsUrl": told.ews_url, "EwsSupportedSchemas": _SCHEMAS}
        found = "".join(
            f'<UserSetting i:type="StringSetting"><Name>{name}</Name><Value>{escape(value)}</Value></UserSetting>'
            for name, value in settings.items()
        )
        numbers = zip(
            ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber"), self._product.build, strict=True
        )
        build = "".join(f"<h:{name}>{number}</h:{name}>" for name, number in numbers)
        return (
            f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}"><s:Header>'
            f'<h:ServerVersionInfo xmlns:h="{_AUTODISCOVER}">{build}</h:ServerVersionInfo></s:Header><s:Body>'
            f'<GetUserSettingsResponseMessage xmlns="{_AUTODISCOVER}"><Response '
            'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><ErrorCode>NoError</ErrorCode><ErrorMessage />'
            f"<UserResponses><UserResponse><ErrorCode>{code}</ErrorCode><ErrorMessage>{code}.</ErrorMessage>"
            f"<RedirectTarget>{target}</RedirectTarget><UserSettingErrors />"
            f"<UserSettings>{found if code == 'NoError' else ''}</UserSettings></UserResponse></UserResponses>"
            "</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>"
        )


def _account(action: str, more: str) -> str:
    return f"<Account><AccountType>email</AccountType><Action>{action}</Action>{more}</Account>"


def _hexadecimal(build: tuple[int, int, int, int]) -> str:
    """The build as POX writes it: a 7, six bits major, six minor, a flag, 15 bits of build number."""
    major, minor, number, _ = build
    return f"{7 << 28 | major << 22 | minor << 16 | 1 << 15 | number:08X}"


def _text_of(body: bytes, name: str) -> str:
    """The text of the first element of that name; empty where there is none, or where it is no XML."""
    try:
        found = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return ""
    return next((each.text or "" for each in found.iter() if each.tag.rpartition("}")[2] == name), "").strip()
