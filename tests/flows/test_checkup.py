"""The doctor on the side of the app: each thing is looked at, what depends on a failure is not tried, and it always ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Invalid, Permanent, Reconfigure, Transient
from shared.flows.alert_mail import note_mail
from shared.flows.checkup.report import check_up
from shared.flows.checkup.running import Check, Limits, run
from shared.flows.checkup.storage import HARMLESS, work_checks
from shared.flows.find_due import look_after_subscription
from shared.flows.keep_poison import keep_poison
from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import change_operator
from shared.flows.receive_push import NO_SUCH_LISTENER
from shared.flows.subscription_row import KEY, TABLE
from shared.flows.sync_collection import sync_collection
from shared.flows.timers import TIMERS, note_run
from shared.model.checkup import Finding, Seen, State
from shared.model.exchange import Mailbox
from shared.model.operator import Kind, Operator
from shared.model.trust import Offer
from shared.ports import COLLECTIONS_QUEUE, QUEUES, SHARDS_QUEUE, TABLES, Heard, Merge
from tests.adapters.making_certificates import make
from tests.flows.office import Office

LISTENER = "https://app.example/api/ews/notifications"
EWS = "https://mail.contoso.example/EWS/Exchange.asmx"
CALM = Limits(one=timedelta(seconds=1), whole=timedelta(seconds=10))
"""Long enough for a check that answers on a busy machine."""


async def healthy() -> Office:
    """Alice's office with push, a listener that answers, and timers that have run."""
    office = await Office(clock=datetime.now(UTC).replace(microsecond=0)).open()
    told = {"failures_to": ["bob@contoso.example"], "from": "crm@contoso.example"}
    await office.configure({"notifications": {"mode": "push", "url": LISTENER}, "alerts": told})
    office.network.hosts = {"app.example": ("20.1.2.3",), "mail.contoso.example": ("20.4.5.6",)}
    office.network.answers[LISTENER] = Heard(404, office.now, (), NO_SUCH_LISTENER)
    office.network.answers[EWS] = Heard(401, office.now, ("NTLM", "Basic"))
    chain = await office.certificates.read(make("mail.contoso.example").pem.encode(), "")
    office.certificates.offers["mail.contoso.example", 443] = Offer(chain, "", "")
    for timer in TIMERS:
        await note_run(office.world(), timer)
    await office.settle()
    await keep_subscription(office.world(), "alice")
    await heard(office)
    return office


async def heard(office: Office) -> None:
    """Exchange has told us of Alice's mailbox just now."""
    key = office.key.removesuffix("-email")
    await office.rows.transact(TABLE, key, [Merge(KEY, {"last_heard": office.now})])


async def checked(office: Office, operator_id: str = "", **world: Any) -> dict[str, dict[str, Any]]:
    """The findings by name."""
    answer = await check_up(office.world(**world), operator_id, limits=CALM)
    return {each["name"]: each for each in answer["checks"]}


async def test_where_all_is_well_each_thing_says_so() -> None:
    office = await healthy()
    answer = await check_up(office.world(), limits=CALM)
    assert {each["name"]: each["detail"] for each in answer["checks"] if each["state"] != "ok"} == {}
    assert (answer["status"], answer["first"]) == ("ok", None)
    assert len(answer["checks"]) == 22


async def test_a_probe_that_a_worker_gets_after_all_does_nothing() -> None:
    office = await healthy()
    assert set(HARMLESS) == set(QUEUES)
    waiting = [await office.queues.look(queue) for queue in QUEUES]
    wish, task = HARMLESS[COLLECTIONS_QUEUE], HARMLESS[SHARDS_QUEUE]
    await sync_collection(office.world(), wish["operator_id"], Kind(wish["kind"]), budget=timedelta(minutes=1))
    assert task["task"] == "subscription"
    await look_after_subscription(office.world(), task["operator_id"])
    assert [await office.queues.look(queue) for queue in QUEUES] == waiting


async def test_nothing_is_left_behind() -> None:
    office = await healthy()
    blobs = [blob.name async for blob in office.blobs.names("")]
    waiting = [await office.queues.look(queue) for queue in QUEUES]
    await check_up(office.world(), limits=CALM)
    assert [blob.name async for blob in office.blobs.names("")] == blobs
    assert [await office.queues.look(queue) for queue in QUEUES] == waiting
    for table in TABLES:
        assert (await office.rows.query(table, "doctor")).rows == ()


async def test_what_depends_on_a_failure_is_not_tried_and_the_failure_comes_first() -> None:
    office = await healthy()
    del office.network.hosts["mail.contoso.example"]
    answer = await check_up(office.world(), limits=CALM)
    found = {each["name"]: each for each in answer["checks"]}
    assert (found["default name"]["state"], found["default name"]["code"]) == ("failed", "dns-failed")
    after = ("certificate", "answer", "clock", "sign-in", "impersonation", "push")
    assert {found[f"default {name}"]["state"] for name in after} == {"not_tried"}
    assert found["default certificate"]["detail"] == "it needs: default name"
    assert answer["first"] == found["default name"]
    assert "`connections.default.url`" in answer["first"]["remedy"]
    assert found["listener"]["state"] == "ok"


class TableMissing(MemoryRows):
    """Storage in which one table cannot be written."""

    async def transact(self, table: str, partition: str, writes: Any) -> tuple[str, ...]:
        if table == "alerts":
            raise Reconfigure("storage-denied", "table alerts: 403")
        return await super().transact(table, partition, writes)


async def test_storage_that_refuses_is_named_and_what_needs_the_settings_is_not_tried() -> None:
    office = await healthy()
    found = await checked(office, rows=TableMissing())
    assert (found["tables"]["code"], found["tables"]["detail"]) == ("storage-denied", "table alerts: 403")
    assert found["settings"]["state"] == found["exchange"]["state"] == found["timers"]["state"] == "not_tried"
    assert found["blobs"]["state"] == found["queues"]["state"] == "ok"


async def test_an_app_without_settings_is_told_what_to_set() -> None:
    office = Office()
    found = await checked(office)
    assert found["settings complete"]["code"] == "settings-incomplete"
    for command in ("connections.default.url=", "notifications.url=", "email.enabled=true"):
        assert command in found["settings complete"]["detail"]
    assert {found[name]["state"] for name in ("listener URL", "listener", "exchange")} == {"not_tried"}


async def test_that_nobody_would_be_told_of_failures_is_a_warning_with_the_command() -> None:
    office = await healthy()
    await office.configure({"alerts": {"failures_to": None}})
    answer = await check_up(office.world(), limits=CALM)
    alerts = answer["checks"][-1]
    assert (alerts["name"], alerts["state"], alerts["code"]) == ("alerts", "warning", "alerts-off")
    assert alerts["detail"] == "not set: alerts.failures_to"
    assert "exsync settings set 'alerts.failures_to=" in alerts["remedy"]
    await office.configure({"email": {"failures_to": ["dana@contoso.example"]}})
    assert (await checked(office))["alerts"]["detail"] == "failures are told to dana@contoso.example"


async def test_an_alert_that_could_not_be_sent_is_a_failure() -> None:
    office = await healthy()
    await note_mail(office.world(), "smtp: refused")
    answer = await check_up(office.world(), limits=CALM)
    assert (answer["first"]["name"], answer["first"]["code"]) == ("alerts", "alert-not-sent")
    assert answer["first"]["detail"] == "smtp: refused"


def test_the_limits_add_up_to_less_than_a_minute() -> None:
    usual = Limits()
    assert 2 * usual.whole + usual.one < timedelta(minutes=1)


async def test_what_works_but_is_unwise_is_a_warning() -> None:
    office = await healthy()
    await office.configure({"notifications": {"frequency_minutes": 5}})
    found = (await checked(office))["settings complete"]
    assert (found["state"], found["code"]) == ("warning", "settings-unwise")
    assert "notifications.frequency_minutes" in found["detail"]


@pytest.mark.parametrize("name", ["username", "password"])
async def test_a_missing_secret_is_named_without_any_value(name: str) -> None:
    office = await healthy()
    await office.secrets.set(f"default-{name}", "")
    found = await checked(office)
    assert (found["default secrets"]["code"], found["default secrets"]["detail"]) == (
        "secret-missing",
        f"not there: default-{name}",
    )
    assert found["default sign-in"]["state"] == "not_tried"
    assert found["default answer"]["state"] == "ok"


async def refused(code: str, exchange_code: str) -> dict[str, dict[str, Any]]:
    office = await healthy()

    async def refuse(operation: str, _: Mailbox) -> None:
        raise Reconfigure(code, "no", exchange_code=exchange_code)

    office.exchange.before = refuse
    return await checked(office)


async def test_a_refused_password_and_a_refused_impersonation_are_told_apart() -> None:
    found = await refused("authentication-failed", "")
    assert (found["default sign-in"]["code"], found["default impersonation"]["state"]) == (
        "authentication-failed",
        "not_tried",
    )
    found = await refused("impersonation-denied", "ErrorImpersonateUserDenied")
    assert (found["default sign-in"]["state"], found["default impersonation"]["code"]) == ("ok", "impersonation-denied")


async def test_a_connection_without_operators_is_looked_at_as_far_as_it_goes() -> None:
    office = await healthy()
    second = {"url": "https://mail.contoso.example/EWS/Exchange.asmx", "version": "Exchange2016"}
    await office.configure({"connections": {"second": second}})
    await office.secrets.set("second-username", "svc")
    await office.secrets.set("second-password", "x")
    found = await checked(office)
    assert (found["second answer"]["state"], found["second sign-in"]["state"]) == ("ok", "not_tried")
    assert "--operator" in found["second sign-in"]["detail"]
    assert "NTLM, Basic" in found["second answer"]["detail"]


async def test_the_way_is_tried_by_one_who_is_on_though_others_come_first() -> None:
    office = await healthy()
    await change_operator(office.world(), "aaron", lambda _: Operator("aaron", "aaron@contoso.example", ""))
    found = await checked(office)
    assert "of operator alice" in found["default mailbox"]["detail"]


async def test_a_named_operator_must_be_there() -> None:
    office = await healthy()
    assert (await checked(office, "alice"))["default mailbox"]["detail"].endswith("of operator alice, at " + EWS)
    with pytest.raises(Invalid, match="no operator charlie"):
        await checked(office, "charlie")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Heard(302, None, (), b""), "listener-not-ours"),
        (Heard(404, None, (), b"<html>no such page"), "listener-not-ours"),
        (Heard(200, None, (), NO_SUCH_LISTENER), "listener-not-ours"),
        (Transient("tls-failed", "app.example: no secure connection"), "listener-unreachable"),
    ],
)
async def test_only_our_own_refusal_shows_that_the_listener_is_ours(answer: Any, code: str) -> None:
    office = await healthy()
    office.network.answers[LISTENER] = answer
    found = await checked(office)
    assert (found["listener"]["code"], found["default push"]["state"]) == (code, "not_tried")
    assert any(asked.startswith(f"POST {LISTENER}/doctor.") for asked in office.network.asked)


@pytest.mark.parametrize(
    ("url", "address", "version", "state"),
    [
        (LISTENER, "10.0.0.4", "Exchange2016", "ok"),
        (LISTENER, "10.0.0.4", "Exchange365", "failed"),
        ("http://127.0.0.1:7071/api/ews/notifications", "127.0.0.1", "Exchange2016", "failed"),
    ],
)
async def test_an_address_that_exchange_cannot_reach_is_found(url: str, address: str, version: str, state: str) -> None:
    office = await healthy()
    online = {"url": "https://outlook.office365.com/EWS/Exchange.asmx", "oauth": {"client_id": "c", "tenant_id": "t"}}
    connection = {"version": version, "authentication": None, **(online if version == "Exchange365" else {})}
    await office.configure({"connections": {"default": connection}, "notifications": {"url": url}})
    office.network.hosts |= {"app.example": (address,), "127.0.0.1": (address,)}
    found = await checked(office)
    assert found["listener URL"]["state"] == state
    assert "not public" in found["listener URL"]["detail"]


async def test_where_exchange_is_only_asked_nothing_has_to_reach_us() -> None:
    office = await healthy()
    await office.configure({"notifications": {"mode": "poll", "url": None}})
    found = await checked(office)
    assert (found["listener"]["state"], found["default push"]["state"]) == ("ok", "not_tried")
    assert found["settings complete"]["state"] == "ok"


async def test_a_subscription_that_hears_nothing_is_found() -> None:
    office = await healthy()
    office.now += timedelta(hours=3)
    assert (await checked(office))["default push"]["code"] == "push-not-arriving"


async def test_a_certificate_that_expires_soon_is_a_warning_and_a_refused_one_a_failure() -> None:
    office = await healthy()
    soon = make("mail.contoso.example", ends=office.now + timedelta(days=3))
    chain = await office.certificates.read(soon.pem.encode(), "")
    office.certificates.offers["mail.contoso.example", 443] = Offer(chain, "", "")
    found = (await checked(office))["default certificate"]
    assert (found["state"], found["code"]) == ("warning", "certificate-expiring")
    office.certificates.offers["mail.contoso.example", 443] = Offer(chain, "certificate-untrusted", "unknown authority")
    assert (await checked(office))["default certificate"]["code"] == "certificate-untrusted"


async def test_a_clock_that_is_wrong_is_found() -> None:
    office = await healthy()
    office.network.answers[EWS] = Heard(401, office.now - timedelta(minutes=7), ("NTLM",))
    found = (await checked(office))["default clock"]
    assert (found["code"], found["detail"]) == ("clock-wrong", "its clock is 420 s behind the app's clock")


async def test_a_timer_that_runs_no_more_is_found() -> None:
    office = await healthy()
    office.now += timedelta(minutes=5)
    for timer in TIMERS:
        await note_run(office.world(), timer)
    office.now += timedelta(minutes=10)
    await note_run(office.world(), "timer_email_sync")
    assert (await checked(office))["timers"]["state"] == "ok"
    office.now += timedelta(minutes=10)
    found = (await checked(office))["timers"]
    assert found["code"] == "timer-late"
    assert "timer_subscriptions" in found["detail"]
    assert "timer_email_sync" not in found["detail"]


async def test_a_timer_that_never_ran_is_a_warning() -> None:
    found = (await checked(await Office().open()))["timers"]
    assert (found["state"], found["code"]) == ("warning", "timer-never-ran")


async def moving(office: Office) -> Finding:
    known = {name: Finding(name, State.OK, "") for name in ("queues", "tables")}
    checks = work_checks(office.world(), stalled=timedelta(seconds=0.2))
    return (await run(checks, known, Limits()))[0]


async def test_a_queue_from_which_nobody_takes_is_found() -> None:
    office = await healthy()
    await office.queues.send(COLLECTIONS_QUEUE, {"operator_id": "alice", "kind": "email"})
    assert (await moving(office)).state is State.OK
    office.now += timedelta(minutes=11)
    found = await moving(office)
    assert (found.code, "the oldest that waits" in found.detail) == ("queue-stalled", True)


async def test_a_message_that_was_to_be_seen_only_now_is_no_sign_of_a_stalled_queue_once_it_is_taken() -> None:
    office = await healthy()
    for queue in QUEUES:
        office.queues.receive(queue)
    await office.queues.send(COLLECTIONS_QUEUE, {"operator_id": "alice", "kind": "email"}, delay=timedelta(hours=4))
    office.now += timedelta(hours=4)
    looks = 0
    look = office.queues.look

    async def taken_meanwhile(queue: str) -> Any:
        nonlocal looks
        looks += queue == COLLECTIONS_QUEUE
        if looks == 2:
            office.queues.receive(COLLECTIONS_QUEUE)
        return await look(queue)

    office.queues.look = taken_meanwhile  # type: ignore[method-assign]
    assert (await moving(office)).state is State.OK
    assert looks == 2


async def test_messages_that_were_put_aside_lately_are_a_warning() -> None:
    office = await healthy()
    await keep_poison(office.world(), COLLECTIONS_QUEUE, "{}")
    found = (await checked(office))["put aside"]
    assert (found["state"], found["code"]) == ("warning", "poison-message")
    assert "1 messages" in found["detail"]
    office.now += timedelta(days=2)
    assert (await checked(office))["put aside"]["state"] == "ok"


async def test_an_exchange_that_hangs_keeps_nobody_waiting() -> None:
    office = await healthy()

    async def hang(operation: str, _: Mailbox) -> None:
        await asyncio.Event().wait()

    office.exchange.before = hang
    found = await checked(office)
    assert (found["default sign-in"]["code"], found["default impersonation"]["state"]) == (
        "exchange-timeout",
        "not_tried",
    )
    assert found["default sign-in"]["detail"] == "no answer within 1 s"


async def never() -> Seen:
    await asyncio.Event().wait()
    raise AssertionError


async def test_the_whole_has_a_limit_of_its_own_and_what_was_done_by_then_is_told() -> None:
    async def at_once() -> Seen:
        return Seen("here")

    checks = [Check("quick", at_once), Check("stuck", never), Check("later", at_once, ("stuck",))]
    limits = Limits(one=timedelta(minutes=5), whole=timedelta(seconds=0.1))
    found = await run(checks, {}, limits)
    assert [each.state for each in found] == [State.OK, State.NOT_TRIED, State.NOT_TRIED]
    assert "no time left" in found[1].detail
    assert not [task for task in asyncio.all_tasks() if task.get_name() in ("stuck", "later")]


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError("x"), "internal-error"), (Permanent("item-gone"), "item-gone")]
)
async def test_whatever_a_check_raises_is_its_finding(error: Exception, code: str) -> None:
    async def fail() -> Seen:
        raise error

    (found,) = await run([Check("one", fail)], {}, Limits())
    assert (found.state, found.code) == (State.FAILED, code)
