"""A client that knows nothing but SOAP: it sends the XML it is given and checks the answer against the schema."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import httpx
from lxml import etree

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER

Element = etree._Element
SHARED = Path(__file__).resolve().parents[4] / "shared"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
S, M, T = (f"{{{one}}}" for one in (SOAP, MESSAGES, TYPES))
ALICE, BOB, CHARLIE = "alice@contoso.example", "bob@contoso.example", "charlie@contoso.example"

IDS = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
INBOX = '<t:DistinguishedFolderId Id="inbox"/>'


def load_schema() -> etree.XMLSchema | None:
    """Load Microsoft's schema from beside the project, if it is there."""
    path = SHARED / "ews-schema" / "Messages.xsd"
    return etree.XMLSchema(etree.parse(str(path))) if path.is_file() else None


def envelope(
    body: str, *, mailbox: str | None, version: str | None = "Exchange2013_SP1", kind: str = "PrimarySmtpAddress"
) -> str:
    """Write a request as PROTOCOL's appendix A shows it."""
    header = f'<t:RequestServerVersion Version="{version}"/>' if version else ""
    if mailbox:
        sid = f"<t:ConnectingSID><t:{kind}>{mailbox}</t:{kind}></t:ConnectingSID>"
        header += f"<t:ExchangeImpersonation>{sid}</t:ExchangeImpersonation>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` is the child of the SOAP body."""

    http: httpx.Response

    @property
    def body(self) -> Element:
        root = etree.fromstring(self.http.content, etree.XMLParser(huge_tree=True))
        found = root.find(S + "Body")
        assert found is not None
        return found[0]

    @property
    def messages(self) -> list[Element]:
        return list(self.body[0])

    @property
    def codes(self) -> list[str]:
        return [one.findtext(M + "ResponseCode") or "" for one in self.messages]

    @property
    def fault(self) -> str:
        """The response code of a SOAP fault; empty when it has no detail."""
        assert self.http.status_code == 500
        return next((one.text or "" for one in self.body.iter("{*}ResponseCode")), "")

    def all(self, path: str) -> list[Element]:
        return self.body.findall(f".//{path}")

    def one(self, path: str) -> Element:
        found = self.body.find(f".//{path}")
        assert found is not None, path
        return found

    def texts(self, path: str) -> list[str]:
        return [one.text or "" for one in self.all(path)]

    def ids(self, path: str = T + "ItemId") -> list[str]:
        return [one.get("Id") or "" for one in self.all(path)]


@dataclass(frozen=True)
class Talk:
    """Whom we talk to and as whom."""

    exchange: ExchangeSimulator
    client: httpx.AsyncClient
    schema: etree.XMLSchema | None
    mailbox: str | None = ALICE
    version: str | None = "Exchange2013_SP1"
    kind: str = "PrimarySmtpAddress"
    headers: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = (DEFAULT_USER, DEFAULT_PASSWORD)

    def but(self, **changes: object) -> Self:
        return replace(self, **changes)  # type: ignore[arg-type]

    async def raw(self, content: str | bytes) -> Answer:
        headers = {"Content-Type": "text/xml; charset=utf-8", **self.headers}
        sent = content.encode() if isinstance(content, str) else content
        return Answer(
            await self.client.post(
                self.exchange.url, content=sent, headers=headers, auth=self.auth or httpx.USE_CLIENT_DEFAULT
            )
        )

    async def ask(self, body: str) -> Answer:
        """Send a body; an answer with HTTP 200 must be valid."""
        answer = await self.raw(envelope(body, mailbox=self.mailbox, version=self.version, kind=self.kind))
        if answer.http.status_code == 200 and self.schema is not None:
            assert self.schema.validate(answer.body), str(self.schema.error_log)[:400]
        return answer

    async def get_item(self, *ids: str, shape: str = "") -> Answer:
        items = "".join(f'<t:ItemId Id="{one}"/>' for one in ids)
        return await self.ask(f"<m:GetItem>{shape or item_shape()}<m:ItemIds>{items}</m:ItemIds></m:GetItem>")

    async def find(
        self, rest: str = "", *, shape: str = IDS, folders: str = INBOX, size: int = 1000, offset: int = 0
    ) -> Answer:
        view = f'<m:IndexedPageItemView MaxEntriesReturned="{size}" Offset="{offset}" BasePoint="Beginning"/>'
        parents = f"<m:ParentFolderIds>{folders}</m:ParentFolderIds>"
        return await self.ask(f'<m:FindItem Traversal="Shallow">{shape}{view}{rest}{parents}</m:FindItem>')

    async def sync(
        self, state: str = "", *, size: int = 512, shape: str = IDS, folder: str = INBOX, ignore: str = ""
    ) -> Answer:
        known = f"<m:SyncState>{state}</m:SyncState>" if state else ""
        left_out = f'<m:Ignore><t:ItemId Id="{ignore}"/></m:Ignore>' if ignore else ""
        most = f"<m:MaxChangesReturned>{size}</m:MaxChangesReturned>"
        where = f"<m:SyncFolderId>{folder}</m:SyncFolderId>"
        return await self.ask(f"<m:SyncFolderItems>{shape}{where}{known}{left_out}{most}</m:SyncFolderItems>")


def item_shape(*paths: str, base: str = "AllProperties", more: str = "", fields: str = "") -> str:
    """Write an ItemShape; `more` stands between BaseShape and AdditionalProperties."""
    asked = "".join(f'<t:FieldURI FieldURI="{one}"/>' for one in paths) + fields
    additional = f"<t:AdditionalProperties>{asked}</t:AdditionalProperties>" if asked else ""
    return f"<m:ItemShape><t:BaseShape>{base}</t:BaseShape>{more}{additional}</m:ItemShape>"


def mail(subject: str = "Offer", *, body: str = "Good morning", headers: str = "") -> bytes:
    """Write a small message from a customer to Alice."""
    return (
        f"From: Carla Customer <carla@customer.example>\r\nTo: Alice <{ALICE}>\r\nSubject: {subject}\r\n"
        f"Date: Fri, 20 Nov 2026 09:00:00 +0100\r\n{headers}\r\n{body}"
    ).encode()
