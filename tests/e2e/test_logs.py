"""Whatever the log level: no secret, no subject, no body and no customer ever stands in a log."""

from datetime import timedelta
from email.message import EmailMessage

from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, ExchangeSimulator
from devtools.stack import Refused, Stack, until

ALICE = "alice@contoso.example"
LIMIT = timedelta(seconds=30)
LISTENER_KEY = "listener-marked-9f2c1e7d5b3a8064"
JSON = {"Content-Type": "application/json", "If-Match": "*"}
CSV = {"Content-Type": "text/csv"}
MARKED = (
    "subject-marked",
    "body-marked",
    "html-marked",
    "file-marked",
    "content-marked",
    "dana-marked",
    "Erika Marked",
)
SECRETS = (DEFAULT_PASSWORD, LISTENER_KEY, "guess-marked", "typed-marked", "host-marked")


def marked(subject: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "Erika Marked <dana-marked@customer.example>"
    mail["To"] = ALICE
    mail["Subject"] = f"{subject} subject-marked"
    mail["Message-ID"] = f"<{subject}.marked@customer.example>"
    mail.set_content("body-marked")
    mail.add_alternative("<p>html-marked</p>", subtype="html")
    mail.add_attachment(b"content-marked", maintype="text", subtype="plain", filename="file-marked.txt")
    return mail.as_bytes()


async def test_no_secret_no_content_and_no_customer_is_in_the_log_at_its_loudest() -> None:
    exchange = ExchangeSimulator()
    settings = {"EXSYNC_LOG_LEVEL": "DEBUG", "EXSYNC_SECRET_LISTENER_KEY": LISTENER_KEY}
    async with Stack(exchange, settings=settings, arguments=("--log-level", "debug")) as stack:
        exchange.add_mailbox(ALICE)
        await stack.configure()
        exchange.deliver(ALICE, marked("window"))
        broken = exchange.deliver(ALICE, marked("broken"))
        exchange.inject(Fault("item_error", item=broken, code="ErrorCorruptData", count=None))
        exchange.inject(Fault("html", operation="GetItem", status=500))
        await stack.application.put_operator("alice", ALICE)
        await _until_held(stack, 1)
        exchange.deliver(ALICE, marked("pushed"))
        await _until_held(stack, 2)
        await _read_all(stack)
        await _ask_why(stack)
        await _be_wrong(stack)
        await stack.application.ask("POST", "/forget", json={"address": "dana-marked@customer.example"})
        await _until_held(stack, 0)
        await stack.application.ask("POST", "/operators/alice/forget")
        log = stack.host.log
    assert " DEBUG " in log and "queue_collections" in log and "email of alice: done" in log
    told = [line for line in log.splitlines() if any(word.lower() in line.lower() for word in (*MARKED, *SECRETS))]
    assert not told, "\n".join(line[:300] for line in told[:20])


async def _until_held(stack: Stack, count: int) -> None:
    async def held() -> int:
        return len(await stack.application.emails("alice"))

    await until(held, lambda found: found == count, what=f"{count} emails", within=LIMIT)


async def _read_all(stack: Stack) -> None:
    """What the application reads."""
    application = stack.application
    for email in await application.emails("alice", with_body=True):
        assert "body-marked" in email["text"]
        assert await application.attachment("alice", email["item_id"], 0) == b"content-marked"
        assert b"subject-marked" in await application.mime("alice", email["item_id"])
    await application.changes("alice")
    assert [failed["subject"] for failed in await application.failures("alice")] == ["broken subject-marked"]


async def _ask_why(stack: Stack) -> None:
    """What administrators ask of single mails and people, of whom there is one, and of whom there is none."""
    for asked in ("subject=pushed%20subject-marked", "subject=dana-marked", "message_id=none@dana-marked.example"):
        answer = await stack.application.ask("GET", f"/operators/alice/why?{asked}")
        assert answer.json()["mails"]
    assert (await stack.application.ask("GET", "/audit?operator_id=dana-marked")).json()["items"] == []
    refused = await stack.application.http.get("/failures?operator_id=alice&code=typed-marked")
    assert refused.status_code == 400


async def _be_wrong(stack: Stack) -> None:
    """What people and strangers type and send where it does not belong."""
    application = stack.application
    url = "https://host-marked.example/EWS/Exchange.asmx"
    wrong = [
        application.configure({"connections": {"default": {"url": url}}}, secret="guess-marked"),
        application.put_operator("alice", "typed-marked body-marked"),
        application.ask("POST", "/trust", content=b"content-marked", headers={"X-Trust-Password": "typed-marked"}),
        application.ask(
            "PATCH", "/settings", json={"connections": {"default": {"password": "guess-marked"}}}, headers=JSON
        ),
        application.ask("PATCH", "/settings", content=b'{"typed-marked": NaN, "host-marked', headers=JSON),
        application.ask("POST", "/settings/import", content=b'{"Password": "guess-marked"', headers=JSON),
        application.ask(
            "POST", "/operators/import", content=b"operator_id,mailbox\ntyped-marked,dana-marked", headers=CSV
        ),
        application.ask("POST", "/forget", json={"address": "dana-marked typed-marked"}),
        application.ask("POST", "/discover", json={"mailbox": "dana-marked@host-marked"}),
    ]
    for call in wrong:
        try:
            await call
        except Refused as refused:
            assert refused.status < 500, refused
    await application.http.post("/ews/notifications/typed-marked.guess-marked", content=b"<html-marked/>")
    await application.http.post(f"/ews/notifications/{LISTENER_KEY}", content=b"<body-marked/>")
