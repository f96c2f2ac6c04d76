"""Why a mail is in the application or is not, asked of simulated servers over real HTTP, also of those that lack a search."""

from typing import Any

import pytest

from devtools.exchange_simulator import Fault
from shared.flows.explain_mail import explain_mail
from shared.flows.operators import find_operator
from tests.adapters.ews.test_whole_sync import Story, story_on
from tests.adapters.ews.world import ALICE

SERVERS = ("Exchange 2010", "Exchange 2016", "no restrictions, no order", "everything missing")


async def why(story: Story, subject: str, *, by_subject: bool = False) -> list[dict[str, Any]]:
    operator = await find_operator(story.office.rows, "alice")
    assert operator is not None
    what = {"subject": subject} if by_subject else {"message_id": f"<{subject}@customer.example>"}
    answer = await explain_mail(story.world(), operator, with_content=True, **what)
    mails: list[dict[str, Any]] = answer["mails"]
    return mails


def told(mail: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """The verdict, where Exchange has the mail, and by which setting or code."""
    return mail["verdict"], mail["folder"], mail["decided"]["setting"] or mail["decided"]["code"]


@pytest.mark.parametrize("server", SERVERS)
async def test_each_reason_is_told_by_every_server(server: str) -> None:
    async with story_on(server) as story:
        simulator = story.simulator
        story.deliver("held")
        story.deliver("old", days=9)
        story.deliver("junk", folder="junkemail")
        story.deliver("in-folder", folder=simulator.add_folder(ALICE.address, "Below", parent="inbox"))
        private = b"Message-ID: <private@customer.example>\r\nSubject: private\r\nSensitivity: Private\r\n\r\nsecret"
        simulator.deliver(ALICE.address, private)
        gone, lost, moved = (story.deliver(name) for name in ("gone", "lost", "moved"))
        twins = [story.deliver("twin"), story.deliver("twin", folder="sentitems")]
        broken = story.deliver("broken")
        simulator.inject(Fault("item_error", code="ErrorCorruptData", item=broken, count=None))
        await story.sync()
        simulator.delete(ALICE.address, gone)
        simulator.delete(ALICE.address, lost, how="hard")
        simulator.add_folder(ALICE.address, "Elsewhere")
        simulator.move(ALICE.address, moved, "Elsewhere")
        await story.sync()
        story.deliver("coming")
        expected = {
            "held": ("stored", "Inbox", None),
            "in-folder": ("stored", "Inbox/Below", None),
            "old": ("kept_out", "Inbox", "email.sync_from_days"),
            "junk": ("kept_out", "Junk Email", "email.folders"),
            "private": ("kept_out", "Inbox", "email.skip_sensitivity"),
            "gone": ("gone", "Deleted Items", "email.on_delete"),
            "lost": ("gone", None, "email.on_delete"),
            "moved": ("gone", "Elsewhere", "email.on_leave"),
            "broken": ("failed", "Inbox", "item-corrupt"),
            "coming": ("coming", "Inbox", None),
            "never": ("not_found", None, None),
        }
        for subject, verdict in expected.items():
            assert [told(mail) for mail in await why(story, subject)] == [verdict], subject
        for by_subject in (False, True):
            found = await why(story, "twin", by_subject=by_subject)
            assert len(found) == len(twins)
            assert {told(mail) for mail in found} == {("stored", "Inbox", None), ("stored", "Sent Items", None)}
        assert [told(mail) for mail in await why(story, "PRIV", by_subject=True)] == [expected["private"]]
