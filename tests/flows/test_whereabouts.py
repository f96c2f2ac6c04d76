"""Where Alice's mailbox is, when the settings leave it to Autodiscover: found, kept, looked up again, and never walked out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.ews.transport_errors import CERTIFICATE_CODES
from shared.adapters.memory.exchange import MemoryExchange
from shared.errors import Invalid, Reconfigure, SyncError, Transient
from shared.flows.health import deep_health
from shared.flows.operators import get_operator, put_operator
from shared.flows.settings_document import ANY_VERSION, patch_settings
from shared.flows.status import operator_status
from shared.flows.whereabouts import doubt, mailbox_of
from shared.model.autodiscover import Answer, Attempt
from shared.model.exchange import Mailbox
from shared.model.trust import Expiry
from tests.flows.office import ALICE, Office

JSON = f"https://autodiscover.contoso.example/autodiscover/autodiscover.json/v1.0/{ALICE}?Protocol=EWS"
HERE = "https://mail.contoso.example/EWS/Exchange.asmx"
THERE = "https://new.contoso.example/EWS/Exchange.asmx"
ONLINE = "https://outlook.office365.com/EWS/Exchange.asmx"
CLOUD = {"url": ONLINE, "version": "Exchange365", "oauth": {"client_id": "c", "tenant_id": "t"}}
GONE = Reconfigure("mailbox-unknown", "no such mailbox")


async def auto_office(answer: Answer | SyncError) -> Office:
    """Alice's office with a connection whose URL Autodiscover finds."""
    office = await Office().open()
    await office.configure({"connections": {"default": {"url": "auto", "trusted_hosts": ["contoso.example"]}}})
    office.exchange.autodiscover_answers[JSON] = answer
    return office


async def hybrid_office(answer: Answer) -> Office:
    """Alice's office with a connection to either side, and Alice wherever Autodiscover says."""
    office = await Office().open()
    await office.configure({"connections": {"cloud": CLOUD}})
    office.exchange.autodiscover_answers[JSON] = answer
    alice = await get_operator(office.rows, "alice")
    await put_operator(office.world(), replace(alice, connection="auto"))
    return office


async def alice_of(office: Office) -> Mailbox:
    return await mailbox_of(office.world(), await get_operator(office.rows, "alice"))


def asked(exchange: MemoryExchange) -> int:
    return len(exchange.autodiscover_asked)


async def test_a_connection_with_a_url_of_its_own_asks_nobody() -> None:
    office = await Office().open()
    assert await alice_of(office) == Mailbox(ALICE, "default")
    assert asked(office.exchange) == 0


async def test_the_url_is_found_once_a_day() -> None:
    office = await auto_office(Answer(HERE))
    assert [await alice_of(office) for _ in range(3)] == [Mailbox(ALICE, "default", HERE)] * 3
    assert asked(office.exchange) == 1
    office.now += timedelta(days=1)
    office.exchange.autodiscover_answers[JSON] = Answer(THERE)
    assert await alice_of(office) == Mailbox(ALICE, "default", THERE)


async def test_what_was_found_is_used_for_as_long_as_nothing_better_is() -> None:
    office = await auto_office(Answer(HERE))
    await alice_of(office)
    office.now += timedelta(days=1)
    office.exchange.autodiscover_answers[JSON] = Transient("exchange-unreachable", "no connection")
    assert await alice_of(office) == Mailbox(ALICE, "default", HERE)
    before = asked(office.exchange)
    assert await alice_of(office) == Mailbox(ALICE, "default", HERE)
    assert asked(office.exchange) == before


async def test_a_mailbox_that_is_elsewhere_is_looked_up_again_once_an_hour() -> None:
    office = await hybrid_office(Answer(HERE))
    assert await alice_of(office) == Mailbox(ALICE, "default")
    office.exchange.autodiscover_answers[JSON] = Answer(ONLINE)
    await doubt(office.world(), await get_operator(office.rows, "alice"), GONE)
    assert await alice_of(office) == Mailbox(ALICE, "default")
    office.now += timedelta(hours=1)
    assert await alice_of(office) == Mailbox(ALICE, "cloud")
    assert asked(office.exchange) == 2


@pytest.mark.parametrize("code", [*sorted(CERTIFICATE_CODES), "mailbox-moving", "wrong-server", "redirected"])
async def test_a_failure_that_can_come_of_a_move_has_the_mailbox_looked_up(code: str) -> None:
    """The old host's certificate too: it may have expired since nobody looks after it, or its name lead elsewhere."""
    office = await hybrid_office(Answer(HERE))
    await alice_of(office)
    await doubt(office.world(), await get_operator(office.rows, "alice"), Reconfigure(code))
    office.now += timedelta(hours=1)
    await alice_of(office)
    assert asked(office.exchange) == 2


async def test_status_and_health_look_at_the_connection_that_was_found() -> None:
    office = await hybrid_office(Answer(ONLINE))
    office.exchange.depends_on["cloud"] = (Expiry("CN=outlook", office.now + timedelta(days=9)),)
    alice = await get_operator(office.rows, "alice")
    before = (await operator_status(office.world(), alice))["kinds"]["email"]
    assert before["notes"] == []
    await alice_of(office)
    (note,) = (await operator_status(office.world(), alice))["kinds"]["email"]["notes"]
    assert "CN=outlook expires on" in note
    details = {check["name"]: check["detail"] for check in (await deep_health(office.world()))["checks"]}
    assert f"answers for {ALICE}" in details["exchange cloud"]
    assert "no operator uses this connection" in details["exchange default"]


async def test_a_failure_that_speaks_of_no_other_place_changes_nothing() -> None:
    office = await hybrid_office(Answer(HERE))
    await alice_of(office)
    await doubt(office.world(), await get_operator(office.rows, "alice"), Transient("exchange-busy"))
    office.now += timedelta(hours=2)
    await alice_of(office)
    assert asked(office.exchange) == 1


async def test_an_operator_with_another_mailbox_is_looked_up_anew() -> None:
    office = await auto_office(Answer(HERE))
    await alice_of(office)
    alice = await get_operator(office.rows, "alice")
    await put_operator(office.world(), replace(alice, mailbox="a.smith@contoso.example"))
    with pytest.raises(Reconfigure, match="autodiscover-failed"):
        await alice_of(office)


async def test_a_host_that_is_trusted_no_more_is_forgotten_at_once() -> None:
    office = await auto_office(Answer(HERE))
    await alice_of(office)
    await office.configure({"connections": {"default": {"trusted_hosts": ["fabrikam.example"]}}})
    with pytest.raises(Reconfigure, match=f"connection-not-found: {ALICE} is at {HERE}"):
        await alice_of(office)


async def test_a_mailbox_to_which_no_connection_leads_is_named_with_its_url() -> None:
    office = await hybrid_office(Answer("https://mail.fabrikam.example/EWS/Exchange.asmx"))
    with pytest.raises(Reconfigure, match=r"connection-not-found: .* is at https://mail\.fabrikam\.example"):
        await alice_of(office)


async def test_where_only_foreign_hosts_could_tell_they_are_named_and_get_no_credentials() -> None:
    office = await Office().open()
    await office.configure({"connections": {"default": {"url": "auto"}}})
    with pytest.raises(Reconfigure, match=r"autodiscover-untrusted: .*autodiscover\.contoso\.example"):
        await alice_of(office)
    assert not [each for each in office.exchange.autodiscover_asked if each.connection]


async def test_slow_servers_end_a_search_before_a_lease_does() -> None:
    office = await auto_office(Answer(HERE))

    class Slow(MemoryExchange):
        async def autodiscover(self, attempt: Attempt) -> Answer:
            office.now += timedelta(seconds=20)
            return await super().autodiscover(attempt)

    office.exchange = Slow()
    with pytest.raises(Reconfigure, match="autodiscover-failed"):
        await alice_of(office)
    assert asked(office.exchange) == 3


async def test_to_trust_another_host_the_secret_is_needed() -> None:
    office = await auto_office(Answer(HERE))
    for change in ({"trusted_hosts": ["evil.example"]}, {"autodiscover_url": "https://evil.example"}):
        with pytest.raises(Invalid, match="secret-not-confirmed"):
            await patch_settings(office.world(), {"connections": {"default": change}}, version=ANY_VERSION)


async def test_a_sync_finds_the_mailbox_and_notes_where_it_cannot() -> None:
    office = await auto_office(Answer(error="UserNotFound"))
    office.deliver("offer")
    await office.sync()
    trouble = (await office.head()).trouble
    assert trouble is not None
    assert trouble.code == "autodiscover-failed"
    office.exchange.autodiscover_answers[JSON] = Answer(HERE)
    office.now += timedelta(minutes=15)
    await office.settle()
    await office.check()


async def test_a_mailbox_that_moves_to_the_cloud_is_followed_and_nothing_is_doubled() -> None:
    office = await hybrid_office(Answer(HERE))
    office.deliver("before the move")
    await office.settle()
    await office.check()
    moved = False

    async def elsewhere(_: str, mailbox: Mailbox) -> None:
        if moved and mailbox.connection != "cloud":
            raise GONE

    office.exchange.before = elsewhere
    moved = True
    office.exchange.autodiscover_answers[JSON] = Answer(ONLINE)
    office.deliver("after the move")
    office.now += timedelta(hours=1)
    await office.sync()
    assert (await office.head()).trouble is not None
    office.now += timedelta(minutes=15)
    await office.settle()
    assert (await office.head()).trouble is None
    await office.check()
