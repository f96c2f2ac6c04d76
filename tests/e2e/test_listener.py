"""The listener, spoken to as Exchange does, and as somebody does who is not Exchange."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from devtools.stack import until
from tests.e2e.office import Office, Person

SOAP = {"Content-Type": "text/xml; charset=utf-8"}
QUIET = ("asked_at", "syncing", "last_sync_at")
NOTIFICATION = """\
<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<m:SendNotification xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" \
xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><m:ResponseMessages>
<m:SendNotificationResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:Notification>
<t:SubscriptionId>{subscription}</t:SubscriptionId><t:PreviousWatermark>AAAA</t:PreviousWatermark>\
<t:MoreEvents>false</t:MoreEvents><t:StatusEvent><t:Watermark>BBBB</t:Watermark></t:StatusEvent>
</m:Notification></m:SendNotificationResponseMessage></m:ResponseMessages></m:SendNotification>
</soap:Body></soap:Envelope>"""


async def post(url: str, body: bytes | str) -> httpx.Response:
    """One POST as Exchange sends it."""
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        return await client.post(url, content=body, headers=SOAP)


async def url_of(person: Person) -> str:
    """The listener's URL for a mailbox, which only Exchange and we know."""
    await person.switch_on()
    return person.subscriptions()[0].url


async def test_what_exchange_sends_is_answered_ok(alice: Person) -> None:
    url = await url_of(alice)

    answer = await post(url, NOTIFICATION.format(subscription=alice.subscriptions()[0].id))

    assert answer.status_code == 200
    assert "<SubscriptionStatus>OK" in answer.text or ":SubscriptionStatus>OK" in answer.text


async def test_a_wrong_key_is_404_and_says_nothing_more(office: Office, alice: Person) -> None:
    url = await url_of(alice)
    body = NOTIFICATION.format(subscription="x")

    for wrong in (
        url[:-1] + ("A" if url[-1] != "A" else "B"),
        url.rpartition(".")[0],
        f"{office.stack.listener_url}/x",
    ):
        assert (await post(wrong, body)).status_code == 404


async def test_a_body_over_1_mib_is_413(alice: Person) -> None:
    url = await url_of(alice)

    assert (await post(url, b"<a>" + b" " * 1024 * 1024)).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        "",
        "this is no XML",
        "<soap:Envelope",
        NOTIFICATION.replace("</soap:Envelope>", ""),
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><x/>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
        + NOTIFICATION.partition("?>")[2].replace("AAAA", "&b;"),
        "<x>&undefined;</x>",
    ],
)
async def test_broken_xml_a_dtd_and_an_entity_are_400(alice: Person, body: str) -> None:
    url = await url_of(alice)

    assert (await post(url, body)).status_code == 400


async def test_an_unknown_subscription_is_answered_unsubscribe(alice: Person) -> None:
    url = await url_of(alice)

    answer = await post(url, NOTIFICATION.format(subscription="not ours"))

    assert answer.status_code == 200
    assert "Unsubscribe<" in answer.text


async def test_a_notification_for_anybody_else_wakes_nobody(alice: Person, bob: Person) -> None:
    url = await url_of(alice)
    await bob.switch_on()
    before = await bob.until_quiet()

    answer = await post(url, NOTIFICATION.format(subscription=bob.subscriptions()[0].id))

    # The listener notes its wish before it answers: had it woken anybody, Bob's status would say so by now.
    assert "Unsubscribe<" in answer.text
    after = await bob.status()
    assert {name: after[name] for name in QUIET} == {name: before[name] for name in QUIET}


async def test_storage_that_is_down_is_503_and_exchange_repeats_until_it_is_up(office: Office, alice: Person) -> None:
    url = await url_of(alice)
    body = NOTIFICATION.format(subscription=alice.subscriptions()[0].id)

    async def failures() -> int:
        return alice.subscriptions()[0].failures

    office.tables.cut()
    try:
        answer = await post(url, body)
        alice.gets("while storage was down")
        await until(failures, what="Exchange was refused too")
    finally:
        await office.tables.mend()

    assert answer.status_code == 503
    # A function that met the fault has its message again when its visibility ends, after half a minute.
    await alice.until_subjects("while storage was down", within=timedelta(seconds=60))
    assert len(alice.subscriptions()) == 1


async def test_a_burst_of_notifications_is_folded_into_few_syncs(alice: Person) -> None:
    await url_of(alice)
    before = alice.asked("SyncFolderItems")
    subjects = [f"number {number}" for number in range(40)]
    for subject in subjects:
        alice.gets(subject)
        await asyncio.sleep(0)

    await alice.until_subjects(*subjects)

    assert alice.asked("SyncFolderItems") - before < len(subjects)
    assert len(await alice.application.emails(alice.operator)) == len(subjects)
