"""Push subscriptions: what the server posts, when, in which order, and when it gives up (PROTOCOL 4)."""

import asyncio
import ssl

import pytest
import trustme
from aiohttp import web
from lxml import etree

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.listener import Listener, Post, accept, status, subscribe
from tests.devtools.exchange_simulator.talk import ALICE, BOB, M, T, Talk, mail

EVERYWHERE = ""


async def test_a_status_event_comes_at_once_and_then_the_mail(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener, schema: etree.XMLSchema
) -> None:
    answer = await subscribe(talk, listener.url)
    await exchange.settle()
    assert listener.kinds == ["StatusEvent"]
    item = exchange.deliver(ALICE, mail())
    await exchange.settle()
    first, second = listener.posts
    assert second.kinds == ["CreatedEvent", "NewMailEvent", "ModifiedEvent"]
    assert first.previous == answer.texts(M + "Watermark")[0]
    assert second.previous == first.watermarks[-1]
    assert len({first.previous, *first.watermarks, *second.watermarks}) == 5
    assert first.subscription == second.subscription == answer.texts(M + "SubscriptionId")[0]
    created, new_mail, counted = second.events
    for event in (created, new_mail):
        assert next(event.iter(T + "ItemId")).get("Id") == item
        assert next(event.iter(T + "ParentFolderId")).get("Id") == exchange.folder_id(ALICE, "inbox")
    assert counted.findtext(T + "UnreadCount") == "1"
    assert all(schema.validate(post.body) for post in listener.posts)


async def test_the_http_side_of_a_post(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    await subscribe(talk, listener.url)
    await exchange.settle()
    (post,) = listener.posts
    assert post.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert post.headers["SOAPAction"] == f'"{M[1:-1]}/SendNotification"'
    assert "Authorization" not in post.headers
    assert post.root.prefix == "soap11"
    version = next(post.root.iter("{*}RequestServerVersion"))
    assert (version.tag, version.get("Version")) == (T + "RequestServerVersion", "Exchange2013_SP1")


async def test_the_2010_product_puts_its_version_into_the_messages_namespace(talk: Talk, listener: Listener) -> None:
    async with ExchangeSimulator(version="Exchange2010", mailboxes=[ALICE]) as exchange:
        await subscribe(talk.but(exchange=exchange, version="Exchange2010_SP2"), listener.url)
        await exchange.settle()
    assert next(listener.posts[0].root.iter("{*}RequestServerVersion")).tag == M + "RequestServerVersion"


async def test_events_of_changes(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    item = exchange.deliver(ALICE, mail())
    await subscribe(talk, listener.url)
    moved = exchange.move(ALICE, item, "archive")
    back = exchange.move(ALICE, moved, "inbox")
    exchange.flag(ALICE, back, read=True)
    copy = exchange.copy(ALICE, back, "inbox")
    exchange.delete(ALICE, copy, how="hard")
    exchange.add_folder(ALICE, "Below", parent="inbox")
    await exchange.settle()
    assert listener.kinds == [
        "StatusEvent",
        *("MovedEvent", "ModifiedEvent"),
        *("MovedEvent", "ModifiedEvent"),
        *("ModifiedEvent", "ModifiedEvent"),
        *("CopiedEvent", "ModifiedEvent"),
        *("DeletedEvent", "ModifiedEvent"),
        "CreatedEvent",
    ]
    event = next(one for post in listener.posts for one in post.root.iter(T + "MovedEvent"))
    ids = {
        name: next(event.iter(T + name)).get("Id")
        for name in ("ItemId", "OldItemId", "ParentFolderId", "OldParentFolderId")
    }
    assert ids == {
        "ItemId": moved,
        "OldItemId": item,
        "ParentFolderId": exchange.folder_id(ALICE, "archive"),
        "OldParentFolderId": exchange.folder_id(ALICE, "inbox"),
    }


async def test_deletions_look_different_to_all_folders(exchange: ExchangeSimulator, talk: Talk) -> None:
    types = ("MovedEvent", "DeletedEvent", "CreatedEvent")
    async with Listener() as explicit, Listener() as everywhere:
        items = [exchange.deliver(ALICE, mail()) for _ in range(3)]
        await subscribe(talk, explicit.url, types=types)
        await subscribe(talk, everywhere.url, types=types, folders=EVERYWHERE)
        for item, how in zip(items, ("deleted_items", "soft", "hard"), strict=True):
            exchange.delete(ALICE, item, how=how)
        await exchange.settle()
        assert explicit.kinds == ["StatusEvent", "MovedEvent", "MovedEvent", "DeletedEvent"]
        assert everywhere.kinds == ["StatusEvent", "DeletedEvent", "CreatedEvent", *["DeletedEvent"] * 4]


async def test_only_what_was_asked_for_comes(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    await subscribe(talk, listener.url, types=("NewMailEvent",))
    exchange.deliver(ALICE, mail(), folder="archive")
    exchange.deliver(BOB, mail())
    exchange.flag(ALICE, exchange.deliver(ALICE, mail()), read=True)
    await exchange.settle()
    assert listener.kinds == ["StatusEvent", "NewMailEvent"]


async def test_one_post_at_a_time_with_all_that_came_meanwhile(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener
) -> None:
    gate = asyncio.Event()

    async def slowly(post: Post) -> web.Response:
        await gate.wait()
        return await accept(post)

    listener.reply = slowly
    await subscribe(talk, listener.url, types=("NewMailEvent",))
    await listener.until(lambda: len(listener.posts) == 1)
    for word in "123":
        exchange.deliver(ALICE, mail(word))
    gate.set()
    await exchange.settle()
    assert [post.kinds for post in listener.posts] == [["StatusEvent"], ["NewMailEvent"] * 3]
    assert listener.most_in_flight == 1


async def test_a_slow_listener_holds_up_nobody_else(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener
) -> None:
    gate = asyncio.Event()

    async def never(post: Post) -> web.Response:
        await gate.wait()
        return await accept(post)

    async with Listener(reply=never) as slow:
        await subscribe(talk, slow.url)
        await slow.until(lambda: slow.in_flight == 1)
        await subscribe(talk.but(mailbox=BOB), listener.url)
        exchange.deliver(BOB, mail())
        await listener.until(lambda: "NewMailEvent" in listener.kinds)
        assert slow.in_flight == 1
        gate.set()


async def test_many_events_come_in_several_posts_that_say_so(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener
) -> None:
    await subscribe(talk, listener.url, types=("NewMailEvent",))
    for _ in range(250):
        exchange.deliver(ALICE, mail())
    await exchange.settle()
    assert sum(len(post.events) for post in listener.posts) == 251
    assert [post.more for post in listener.posts][-2:] == [True, False]


async def test_a_status_event_comes_when_it_is_quiet(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener
) -> None:
    await subscribe(talk, listener.url, minutes=1)
    await listener.until(lambda: len(listener.posts) >= 3)
    assert set(listener.kinds) == {"StatusEvent"}
    marks = [mark for post in listener.posts for mark in post.watermarks]
    assert len(set(marks)) == len(marks)
    assert [post.previous for post in listener.posts][1:] == marks[:-1]


async def refuse(post: Post) -> web.Response:
    del post
    return status("OK", code=503)


async def test_a_failed_post_is_repeated_from_the_same_watermark(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener
) -> None:
    gate = asyncio.Event()

    async def refuse_later(post: Post) -> web.Response:
        await gate.wait()
        return await refuse(post)

    await subscribe(talk, listener.url, types=("NewMailEvent",))
    await exchange.settle()
    listener.reply = refuse_later
    exchange.deliver(ALICE, mail())
    await listener.until(lambda: len(listener.posts) == 2)
    exchange.deliver(ALICE, mail())
    gate.set()
    await listener.until(lambda: len(listener.posts) >= 3)
    listener.reply = accept
    await exchange.settle()
    assert [post.kinds for post in listener.posts[1:]] == [
        ["NewMailEvent"],
        *[["NewMailEvent"] * 2] * (len(listener.posts) - 2),
    ]
    assert len({post.previous for post in listener.posts[1:]}) == 1
    assert listener.posts[1].watermarks == listener.posts[2].watermarks[:1]


@pytest.mark.parametrize(("minutes", "posts"), [(1, 3), (5, 5), (30, 7)])
async def test_a_silent_listener_is_dropped_when_the_pause_outgrows_the_frequency(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener, minutes: int, posts: int
) -> None:
    listener.reply = refuse
    exchange.push.seconds_per_minute = 0.001
    await subscribe(talk, listener.url, minutes=minutes)
    await exchange.settle()
    assert len(listener.posts) == posts
    assert exchange.subscriptions() == []


@pytest.mark.parametrize("word", ["Maybe", ""])
async def test_any_other_word_is_a_failure(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener, word: str
) -> None:
    async def odd(post: Post) -> web.Response:
        del post
        return status(word)

    listener.reply = odd
    await subscribe(talk, listener.url)
    await listener.until(lambda: len(listener.posts) == 2)
    listener.reply = accept
    await exchange.settle()
    assert len(exchange.subscriptions()) == 1


async def test_unsubscribe_ends_a_subscription(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    async def leave(post: Post) -> web.Response:
        del post
        return status("Unsubscribe")

    listener.reply = leave
    await subscribe(talk, listener.url)
    await exchange.settle()
    exchange.deliver(ALICE, mail())
    await exchange.settle()
    assert listener.kinds == ["StatusEvent"]
    assert exchange.subscriptions() == []


async def test_push_ids_fit_neither_unsubscribe_nor_get_events(
    exchange: ExchangeSimulator, talk: Talk, listener: Listener
) -> None:
    answer = await subscribe(talk, listener.url)
    subscription, mark = answer.texts(M + "SubscriptionId")[0], answer.texts(M + "Watermark")[0]
    for known, code in ((subscription, "ErrorInvalidPullSubscriptionId"), ("unknown", "ErrorSubscriptionNotFound")):
        given = f"<m:SubscriptionId>{known}</m:SubscriptionId>"
        assert (await talk.ask(f"<m:Unsubscribe>{given}</m:Unsubscribe>")).codes == [code]
        assert (await talk.ask(f"<m:GetEvents>{given}<m:Watermark>{mark}</m:Watermark></m:GetEvents>")).codes == [code]
    assert len(exchange.subscriptions()) == 1


async def test_a_watermark_replays_what_was_missed(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    await subscribe(talk, listener.url, types=("NewMailEvent",))
    await exchange.settle()
    last = listener.posts[-1].watermarks[-1]
    assert exchange.lose_subscriptions(ALICE) == 1
    exchange.deliver(ALICE, mail())
    await exchange.settle()
    assert listener.kinds == ["StatusEvent"]
    await subscribe(talk, listener.url, types=("NewMailEvent",), watermark=last)
    await exchange.settle()
    assert listener.kinds[1:] == ["StatusEvent", "NewMailEvent"]
    assert (await subscribe(talk, listener.url, watermark="AQAAAJhX")).codes == ["ErrorInvalidWatermark"]


async def test_an_error_push_ends_the_subscription(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    answer = await subscribe(talk, listener.url)
    await exchange.settle()
    assert await exchange.error_push(ALICE) == 1
    body = listener.posts[-1].body
    message = next(body.iter(M + "SendNotificationResponseMessage"))
    assert (message.get("ResponseClass"), message.findtext(M + "ResponseCode")) == ("Error", "ErrorReadEventsFailed")
    assert next(body.iter(T + "Value")).text == answer.texts(M + "SubscriptionId")[0]
    assert next(body.iter(M + "Notification"), None) is None
    assert exchange.subscriptions() == []


async def test_a_mailbox_has_twenty_subscriptions_at_most(talk: Talk, listener: Listener) -> None:
    codes = [(await subscribe(talk, listener.url)).codes for _ in range(21)]
    assert codes == [["NoError"]] * 20 + [["ErrorExceededSubscriptionCount"]]
    assert (await subscribe(talk.but(mailbox=BOB), listener.url)).codes == ["NoError"]


@pytest.mark.parametrize("url", ["ftp://host.example/x", "nonsense", "https//host.example"])
async def test_a_url_that_is_none(talk: Talk, url: str) -> None:
    assert (await subscribe(talk, url)).codes == ["ErrorInvalidPushSubscriptionUrl"]


async def test_a_hundred_mailboxes_get_their_mail(exchange: ExchangeSimulator, talk: Talk, listener: Listener) -> None:
    boxes = [f"user{number}@contoso.example" for number in range(100)]
    for box in boxes:
        exchange.add_mailbox(box)
        await subscribe(talk.but(mailbox=box), listener.url, types=("NewMailEvent",))
    for box in boxes * 2:
        exchange.deliver(box, mail())
    await exchange.settle()
    assert listener.kinds.count("NewMailEvent") == 200


async def test_a_listener_over_tls_is_trusted_by_its_authority_only(talk: Talk) -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    for given, kinds in ((trust, ["StatusEvent"]), (None, [])):
        async with (
            Listener(tls=server) as listener,
            ExchangeSimulator(mailboxes=[ALICE], push_trust=given, seconds_per_minute=0.001) as exchange,
        ):
            await subscribe(talk.but(exchange=exchange), listener.url, minutes=1)
            await exchange.settle()
            assert listener.kinds[:1] == kinds
