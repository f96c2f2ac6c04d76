"""A flag goes off, an operator is deleted, or push is not wanted at all."""

import pytest

from devtools.stack import Refused, until
from tests.e2e.conftest import Configured
from tests.e2e.office import Person


async def test_switching_off_ends_the_subscription_and_keeps_what_is_held(alice: Person) -> None:
    alice.gets("held")
    await alice.switch_on()
    await alice.until_subjects("held")

    await alice.switch_off()
    await alice.until_status(lambda status: not status["subscription"]["live"], "the subscription forgotten")
    alice.gets("after switching off")

    await alice.until_unsubscribed()
    assert (await alice.status())["state"] == "off"
    await alice.until_subjects("held")


async def test_switching_on_again_brings_what_came_meanwhile(alice: Person) -> None:
    alice.gets("before")
    await alice.switch_on()
    await alice.switch_off()
    await alice.until_status(lambda status: not status["subscription"]["live"], "the subscription forgotten")
    alice.gets("meanwhile")

    await alice.switch_on()

    await alice.until_subjects("before", "meanwhile")


async def test_switching_off_with_remove_takes_everything_out(alice: Person) -> None:
    alice.gets("to be removed")
    await alice.switch_on()
    (email,) = await alice.until_subjects("to be removed")

    await alice.switch_off(items="remove")

    await alice.until_emails(lambda emails: not emails, "removed")
    assert await alice.changes(email["item_id"]) == ["created", "deleted"]


async def test_a_deleted_operator_ends_its_subscription_and_its_items_stay_readable(alice: Person) -> None:
    alice.gets("held")
    await alice.switch_on()

    await alice.application.delete_operator(alice.operator)
    alice.put = False

    with pytest.raises(Refused) as refused:
        await alice.status()
    assert (refused.value.status, refused.value.code) == (404, "operator-unknown")
    await alice.until_subjects("held")

    async def told() -> bool:
        alice.gets("after the deletion")
        await alice.exchange.settle()
        return not alice.subscriptions()

    await until(told, what="Exchange told to unsubscribe")


async def test_poll_mode_shows_in_status_and_brings_mail_without_a_subscription(
    alice: Person, configured: Configured
) -> None:
    alice.gets("in the window")
    async with configured(notifications={"mode": "poll"}):
        await alice.switch_on(until_live=False)
        status = await alice.until_status(lambda status: status["state"] == "polling", "polling")
        assert status["reason"] == "notifications.mode is poll"
        assert alice.subscriptions() == []
        await alice.until_subjects("in the window")

        alice.gets("found by polling")
        await alice.application.sync(alice.operator)
        await alice.until_subjects("in the window", "found by polling")
