"""Fault injection: each fault does what it says, to whom it says, as often as it says."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from devtools.exchange_simulator import ExchangeSimulator, Fault
from tests.devtools.exchange_simulator.talk import ALICE, BOB, INBOX, M, T, Talk, item_shape, mail

BUSY = "ErrorServerBusy"


async def test_server_busy_names_the_pause(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.inject(Fault("server_busy", back_off_ms=4321))
    answer = await talk.find()
    assert answer.fault == BUSY
    value = answer.one(T + "Value")
    assert (value.get("Name"), value.text) == ("BackOffMilliseconds", "4321")
    assert (await talk.find()).codes == ["NoError"]


async def test_a_fault_waits_for_its_operation_and_mailbox(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    exchange.inject(Fault("item_busy", operation="GetItem", mailbox=ALICE, count=2))
    assert (await talk.find()).codes == ["NoError"]
    assert (await talk.but(mailbox=BOB).get_item(item)).codes == ["ErrorItemNotFound"]
    answer = await talk.get_item(item, item)
    assert answer.codes == [BUSY, BUSY]
    assert answer.texts(T + "Value") == ["1000", "1000"]
    assert (await talk.get_item(item)).codes == [BUSY]
    assert (await talk.get_item(item)).codes == ["NoError"]


async def test_a_fault_without_count_stays_until_it_is_cleared(exchange: ExchangeSimulator, talk: Talk) -> None:
    fault = exchange.inject(Fault("error", code="ErrorMailboxMoveInProgress", count=None))
    for _ in range(3):
        assert (await talk.sync()).codes == ["ErrorMailboxMoveInProgress"]
    exchange.clear_faults(fault.id)
    assert (await talk.sync()).codes == ["NoError"]


async def test_unavailable(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.inject(Fault("unavailable", retry_after=7))
    answer = (await talk.find()).http
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "reset_middle"])
async def test_resets(exchange: ExchangeSimulator, talk: Talk, kind: str) -> None:
    item = exchange.deliver(ALICE, mail())
    exchange.inject(Fault(kind, operation="MoveItem"))
    move = (
        f'<m:MoveItem><m:ToFolderId><t:DistinguishedFolderId Id="archive"/></m:ToFolderId><m:ItemIds><t:ItemId Id="{item}"/>'
        "</m:ItemIds></m:MoveItem>"
    )
    with pytest.raises(httpx.TransportError):
        await talk.ask(move)
    assert len(exchange.items(ALICE, "archive")) == (0 if kind == "reset_before" else 1)
    assert (await talk.find()).codes == ["NoError"]


async def test_invalid_sync_state(exchange: ExchangeSimulator, talk: Talk) -> None:
    state = (await talk.sync()).texts(M + "SyncState")[0]
    exchange.inject(Fault("invalid_sync_state"))
    assert (await talk.sync(state)).codes == ["ErrorInvalidSyncStateData"]
    assert (await talk.sync(state)).codes == ["NoError"]


async def test_an_empty_answer_where_there_are_items(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    exchange.inject(Fault("empty", count=2))
    assert (await talk.find()).ids() == []
    answer = await talk.sync()
    assert answer.ids() == []
    assert (await talk.sync(answer.texts(M + "SyncState")[0])).ids() == [item]


async def test_a_batch_that_stops(exchange: ExchangeSimulator, talk: Talk) -> None:
    items = [exchange.deliver(ALICE, mail()) for _ in range(3)]
    exchange.inject(Fault("batch_stopped", after=1))
    answer = await talk.get_item(*items)
    assert answer.codes == ["NoError", "ErrorBatchProcessingStopped", "ErrorBatchProcessingStopped"]
    assert [one.get("ResponseClass") for one in answer.messages] == ["Success", "Warning", "Warning"]


async def test_an_item_that_always_fails(exchange: ExchangeSimulator, talk: Talk) -> None:
    good, bad = exchange.deliver(ALICE, mail("good")), exchange.deliver(ALICE, mail("bad"))
    exchange.inject(Fault("item_error", item="bad", code="ErrorItemCorrupt", count=None))
    for _ in range(2):
        assert (await talk.get_item(good, bad)).codes == ["NoError", "ErrorItemCorrupt"]
    assert len((await talk.find()).ids()) == 2


async def test_faults_with_and_without_detail(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.inject(Fault("fault", code="ErrorADUnavailable"))
    exchange.inject(Fault("fault", code="ErrorADUnavailable", detail=False, text="Directory is away"))
    assert (await talk.find()).fault == "ErrorADUnavailable"
    bare = await talk.find()
    assert bare.fault == ""
    assert bare.texts("faultstring") == ["Directory is away"]


async def test_pages_that_are_no_soap(exchange: ExchangeSimulator, talk: Talk) -> None:
    for status in (200, 500):
        exchange.inject(Fault("html", status=status))
        answer = (await talk.but(schema=None).find()).http
        assert (answer.status_code, "Server Error in '/EWS'" in answer.text) == (status, True)
    exchange.inject(Fault("wrong_content", text='{"not": "xml"}'))
    assert (await talk.but(schema=None).find()).http.json() == {"not": "xml"}


async def test_illegal_characters_break_a_strict_parser(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    exchange.inject(Fault("illegal_characters"))
    content = (await talk.but(schema=None).find(shape=item_shape(base="Default"))).http.content
    assert b"&#x1F;" in content
    assert b"\x0b" in content


async def test_unknown_elements_and_attributes(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    exchange.inject(Fault("unknown_elements"))
    answer = await talk.but(schema=None).find(shape=item_shape(base="Default"))
    assert answer.texts(T + "Inner") == ["new"]
    assert answer.one(T + "Message").get("FutureAttribute") == "1"
    assert answer.texts(T + "Subject") == ["Offer"]


async def test_nine_fractional_digits(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    exchange.inject(Fault("nine_digits"))
    answer = await talk.find(shape=item_shape("item:DateTimeSent", base="IdOnly"))
    assert answer.texts(T + "DateTimeSent") == ["2026-11-20T08:00:00.123456789Z"]


async def test_two_faults_at_once(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.inject(Fault("slow", delay_ms=1))
    exchange.inject(Fault("server_busy"))
    assert (await talk.find()).fault == BUSY
    assert exchange.faults.waiting == []


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="there are"):
        Fault("nonsense")


async def test_the_schema_is_checked(talk: Talk, schema: object) -> None:
    wrong_order = f"<m:GetFolder><m:FolderIds>{INBOX}</m:FolderIds><m:FolderShape/></m:GetFolder>"
    answer = await talk.ask(wrong_order)
    assert answer.fault == "ErrorSchemaValidation"
    assert answer.texts(T + "LineNumber") == ["1"]
    assert "FolderIds" in answer.texts(T + "Violation")[0]


async def test_latency_is_added_to_every_request_and_requests_run_side_by_side(
    exchange: ExchangeSimulator, talk: Talk
) -> None:
    exchange.latency = timedelta(milliseconds=300)
    answers = await asyncio.gather(*(talk.find() for _ in range(5)))
    assert all(answer.codes == ["NoError"] for answer in answers)
    assert exchange.requests.most_concurrent > 1


async def test_too_many_requests_at_once_for_one_mailbox(client: httpx.AsyncClient, talk: Talk) -> None:
    async with ExchangeSimulator(mailboxes=[ALICE, BOB], connections_per_mailbox=2) as exchange:
        exchange.inject(Fault("slow", delay_ms=500, count=None))
        of = talk.but(exchange=exchange)
        answers = await asyncio.gather(*(of.find() for _ in range(3)), of.but(mailbox=BOB).find())
    refused = [answer for answer in answers if answer.http.status_code == 500]
    assert [answer.fault for answer in refused] == ["ErrorExceededConnectionCount"]
