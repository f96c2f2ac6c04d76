"""exchangelib 5 against the simulator: push to a real listener, pull, and a streaming connection that stays open."""

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import ErrorInvalidPullSubscriptionId, ErrorSubscriptionNotFound
from exchangelib.services import SendNotification

from devtools.exchange_simulator import ExchangeSimulator
from tests.interop.conftest import ALICE

_WAIT = 30


class Listener(ThreadingHTTPServer):
    """Reads what is pushed with exchangelib's own parser, accepts it, and keeps it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.notifications: queue.Queue[Any] = queue.Queue()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/push"


class Handler(BaseHTTPRequestHandler):
    """Answers one POST as exchangelib's documentation shows it."""

    server: Listener

    def do_POST(self) -> None:
        service = SendNotification(protocol=None)
        for one in service.parse(self.rfile.read(int(self.headers["Content-Length"]))):
            self.server.notifications.put(one)
        answer = service.ok_payload()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the test reads what came."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, name="listener")
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=_WAIT)


def write_to_alice(bob: Any, subject: str = "Offer") -> None:
    exchangelib.Message(account=bob, folder=bob.sent, subject=subject, body="", to_recipients=[ALICE]).send_and_save()


def kinds(notifications: list[Any]) -> list[str]:
    return [event.ELEMENT_NAME for one in notifications for event in one.events]


def test_push_tells_of_new_mail_in_unbroken_order(alice: Any, bob: Any, listener: Listener) -> None:
    subscription, mark = alice.inbox.subscribe_to_push(listener.url, status_frequency=60)
    first = listener.notifications.get(timeout=_WAIT)
    assert (first.subscription_id, first.previous_watermark, kinds([first])) == (subscription, mark, ["StatusEvent"])
    write_to_alice(bob)
    told = listener.notifications.get(timeout=_WAIT)
    assert told.previous_watermark == first.events[-1].watermark
    assert kinds([told]) == ["CreatedEvent", "NewMailEvent", "ModifiedEvent"]
    assert alice.inbox.get(id=told.events[0].item_id.id).subject == "Offer"


def test_push_subscriptions_end_by_the_reply_and_not_by_unsubscribe(alice: Any, listener: Listener) -> None:
    subscription, _ = alice.inbox.subscribe_to_push(listener.url, status_frequency=60)
    with pytest.raises(ErrorInvalidPullSubscriptionId):
        alice.inbox.unsubscribe(subscription)


def test_pull_gives_what_happened_since_the_watermark(alice: Any, bob: Any) -> None:
    with alice.inbox.pull_subscription() as (subscription, mark):
        (quiet,) = alice.inbox.get_events(subscription, mark)
        assert kinds([quiet]) == ["StatusEvent"]
        write_to_alice(bob)
        (told,) = alice.inbox.get_events(subscription, mark)
        assert kinds([told]) == ["CreatedEvent", "NewMailEvent", "ModifiedEvent"]
        (after,) = alice.inbox.get_events(subscription, told.events[-1].watermark)
        assert kinds([after]) == ["StatusEvent"]
    with pytest.raises(ErrorSubscriptionNotFound):
        list(alice.inbox.get_events(subscription, mark))


def test_pull_gives_at_most_fifty_events_and_says_that_there_are_more(exchange: ExchangeSimulator, alice: Any) -> None:
    with alice.inbox.pull_subscription() as (subscription, mark):
        for number in range(20):
            exchange.deliver(ALICE, b"Subject: %d\r\n\r\n" % number)
        # Left to itself, exchangelib asks again from the same watermark for ever. PROTOCOL 4.6 is right: one goes on
        # from the watermark of the last event.
        first = next(alice.inbox.get_events(subscription, mark))
        rest = next(alice.inbox.get_events(subscription, first.events[-1].watermark))
        assert (len(first.events), first.more_events) == (50, True)
        assert (len(rest.events), rest.more_events) == (10, False)


def test_a_stream_tells_what_happens_while_it_is_open(alice: Any, bob: Any) -> None:
    with alice.inbox.streaming_subscription() as subscription:
        write_to_alice(bob, "Before")
        stream = alice.inbox.get_streaming_events(subscription, connection_timeout=30, max_notifications_returned=2)
        assert kinds([next(stream)]) == ["CreatedEvent", "NewMailEvent", "ModifiedEvent"]
        writer = threading.Thread(target=write_to_alice, args=(bob, "While"))
        writer.start()
        told = next(stream)
        writer.join(timeout=_WAIT)
        assert alice.inbox.get(id=told.events[0].item_id.id).subject == "While"
        stream.close()


def test_a_stream_is_closed_after_its_time(alice: Any) -> None:
    with alice.inbox.streaming_subscription() as subscription:
        assert list(alice.inbox.get_streaming_events(subscription, connection_timeout=1)) == []


def test_a_stream_of_an_unknown_subscription_is_an_error(alice: Any) -> None:
    with pytest.raises(ErrorSubscriptionNotFound):
        list(alice.inbox.get_streaming_events("bm9uZQ==", connection_timeout=1))
