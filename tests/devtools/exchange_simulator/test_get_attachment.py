"""GetAttachment: files, messages inside messages, and contents that are too large to hold."""

import base64

import httpx

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.generated import large_blocks
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from tests.devtools.exchange_simulator.talk import ALICE, Answer, M, T, Talk, envelope, item_shape, mail

INNER = mail(
    "Inner",
    headers="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=y\r\n",
    body=(
        "--y\r\nContent-Type: text/plain\r\n\r\ninside\r\n--y\r\nContent-Type: text/csv; name=a.csv\r\n"
        "Content-Disposition: attachment\r\n\r\n1;2\r\n--y--\r\n"
    ),
)
OUTER = mail(
    "Outer",
    headers="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n",
    body=(
        "--x\r\nContent-Type: text/plain\r\n\r\noutside\r\n--x\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=UTF-8''%E2%82%AC.bin\r\n\r\nAAEC\r\n"
        "--x\r\nContent-Type: message/rfc822\r\n\r\n" + INNER.decode() + "\r\n--x--\r\n"
    ),
)


async def attachment(talk: Talk, *ids: str, more: str = "") -> Answer:
    shape = f"<m:AttachmentShape>{more}</m:AttachmentShape>"
    wanted = "".join(f'<t:AttachmentId Id="{one}"/>' for one in ids)
    return await talk.ask(f"<m:GetAttachment>{shape}<m:AttachmentIds>{wanted}</m:AttachmentIds></m:GetAttachment>")


async def ids_of(talk: Talk, item: str) -> list[str]:
    answer = await talk.get_item(item, shape=item_shape("item:Attachments", base="IdOnly"))
    return answer.ids(T + "AttachmentId")


async def test_a_file_comes_with_its_bytes(exchange: ExchangeSimulator, talk: Talk) -> None:
    file, _ = await ids_of(talk, exchange.deliver(ALICE, OUTER))
    answer = await attachment(talk, file)
    assert answer.texts(T + "Name") == ["€.bin"]
    assert base64.b64decode(answer.texts(T + "Content")[0]) == b"\x00\x01\x02"


async def test_a_message_comes_as_an_item_with_attachments_of_its_own(exchange: ExchangeSimulator, talk: Talk) -> None:
    _, message = await ids_of(talk, exchange.deliver(ALICE, OUTER))
    more = "<t:IncludeMimeContent>true</t:IncludeMimeContent><t:BodyType>Text</t:BodyType>"
    answer = await attachment(talk, message, more=more)
    inner = answer.one(f"{T}ItemAttachment/{T}Message")
    assert inner.findtext(T + "Subject") == "Inner"
    assert inner.findtext(T + "Body") == "inside"
    assert b"Subject: Inner" in base64.b64decode(inner.findtext(T + "MimeContent") or "")
    nested = answer.ids(T + "AttachmentId")[-1]
    assert base64.b64decode((await attachment(talk, nested)).texts(T + "Content")[0]) == b"1;2"


async def test_each_unknown_attachment_fails_alone(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, OUTER)
    file, _ = await ids_of(talk, item)
    other = (await ids_of(talk, exchange.deliver(ALICE, OUTER)))[0]
    exchange.delete(ALICE, exchange.items(ALICE)[-1].id, how="hard")
    answer = await attachment(talk, "nonsense", item, file, other)
    assert answer.codes == ["ErrorInvalidAttachmentId", "ErrorInvalidAttachmentId", "NoError", "ErrorItemNotFound"]
    assert [one.find(M + "Attachments") is not None for one in answer.messages] == [True] * 4


async def test_a_large_attachment_is_streamed(
    exchange: ExchangeSimulator, talk: Talk, client: httpx.AsyncClient
) -> None:
    size = 20_000_001
    item = exchange.deliver_large(ALICE, size)
    (file,) = await ids_of(talk, item)
    body = f'<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="{file}"/></m:AttachmentIds></m:GetAttachment>'
    content = envelope(body, mailbox=ALICE)
    for encoding in ("identity", "gzip"):
        headers = {"Accept-Encoding": encoding}
        request = client.stream(
            "POST", exchange.url, content=content, headers=headers, auth=(DEFAULT_USER, DEFAULT_PASSWORD)
        )
        async with request as answer:
            assert encoding == "gzip" or "content-length" not in answer.headers
            whole = b"".join([chunk async for chunk in answer.aiter_bytes()])
        encoded = whole.partition(b"<t:Content>")[2].partition(b"</t:Content>")[0]
        assert base64.b64decode(encoded, validate=True) == b"".join(large_blocks(size))


async def test_a_large_message_has_a_mime_form_too(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver_large(ALICE, 100_000)
    answer = await talk.get_item(
        item, shape=item_shape(base="IdOnly", more="<t:IncludeMimeContent>true</t:IncludeMimeContent>")
    )
    mime = base64.b64decode(answer.texts(T + "MimeContent")[0])
    copy = exchange.deliver(ALICE, mime)
    (file,) = await ids_of(talk, copy)
    found = await attachment(talk, file)
    assert base64.b64decode(found.texts(T + "Content")[0]) == b"".join(large_blocks(100_000))
