"""A push says where to look: only there, unless that cannot answer, and never instead of the truth."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.errors import LeaseLost, Transient
from shared.flows.claim import Claim
from shared.flows.email.follow import LOOK_EVERY
from shared.flows.head import TABLE, WANTED
from shared.flows.hints import folders_column, folders_of, widened
from shared.flows.operators import find_operator, wake
from shared.flows.receive_notification import FOLD, want
from shared.model.exchange import ItemFailure, Mailbox
from shared.model.operator import Kind
from shared.ports import COLLECTIONS_QUEUE
from tests.flows.breaking import Interruption
from tests.flows.office import Office


class Told(Office):
    """An office with three watched folders whose Exchange notes which of them are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def begin(self) -> "Told":
        self.customers = self.box.add_folder("Customers", parent="inbox")
        self.inbox, self.sent = self.box.folder_id("inbox"), self.box.folder_id("sentitems")
        self.deliver("held", age=timedelta(minutes=50))
        await self.open()
        await self.settle()
        self.queues.receive(COLLECTIONS_QUEUE)
        follow = self.exchange.sync_folder_items

        async def noted(mailbox: Mailbox, folder_id: str, state: str | None, *, limit: int):  # type: ignore[no-untyped-def]
            self.asked.append(folder_id)
            return await follow(mailbox, folder_id, state, limit=limit)

        self.exchange.sync_folder_items = noted  # type: ignore[method-assign]
        return self

    async def push(self, *folders: str) -> None:
        await want(self.world(), self.key, "alice", "email", frozenset(folders) or None)

    async def pushed(self, *folders: str) -> list[str]:
        """Which folders a push for these leads to."""
        self.asked.clear()
        await self.push(*folders)
        assert await self.sync() == "done"
        return list(self.asked)


async def test_only_the_folder_that_was_named_is_looked_at() -> None:
    office = await Told().begin()
    office.deliver("new")
    assert await office.pushed(office.inbox) == [office.inbox]
    await office.check()


async def test_a_move_between_two_watched_folders_needs_these_two() -> None:
    office = await Told().begin()
    (name,) = office.box.items
    office.box.move(name, office.customers)
    await office.news()
    assert await office.pushed(office.inbox, office.customers) == [office.inbox, office.customers]
    assert await office.news() == ["updated"]
    assert not (await office.head()).marks
    await office.check()


async def test_a_departure_is_settled_by_a_look_at_all_folders() -> None:
    office = await Told().begin()
    (name,) = office.box.items
    office.box.delete(name)
    assert set(await office.pushed(office.inbox)) == {office.inbox, office.sent, office.customers}
    assert await office.gone() == {"held": "deleted"}
    await office.check()


async def test_two_departures_of_which_one_turns_up_are_both_settled() -> None:
    """The last page of the folders named brings one of them: it must not conclude the pass."""
    office = await Told().begin()
    office.deliver("other", age=timedelta(minutes=40))
    await office.pushed()
    first, second = office.box.items
    office.box.move(first, office.customers)
    office.box.delete(second)
    await office.pushed(office.inbox, office.customers)
    assert await office.gone() == {"other": "deleted"}
    await office.check()


async def test_a_folder_that_nobody_knows_yet_means_a_look_at_all() -> None:
    office = await Told().begin()
    new = office.box.add_folder("New", parent="inbox")
    office.deliver("in the new folder", folder=new)
    assert new in await office.pushed(new)
    await office.check()


async def test_a_known_folder_that_is_not_watched_needs_no_look() -> None:
    office = await Told().begin()
    assert await office.pushed(office.box.folder_id("drafts")) == []
    assert await office.rows.get(TABLE, office.key, WANTED) is None


async def test_after_a_while_all_folders_are_looked_at_again() -> None:
    office = await Told().begin()
    office.now += LOOK_EVERY - timedelta(seconds=1)
    assert await office.pushed(office.inbox) == [office.inbox]
    office.now += timedelta(seconds=1)
    assert len(await office.pushed(office.inbox)) == 3
    assert await office.pushed(office.inbox) == [office.inbox]


@pytest.mark.parametrize(
    "patch", [{"sync_from_days": 10}, {"folders": ["inbox"]}, {"exclude_folders": ["Inbox/Customers"]}]
)
async def test_changed_settings_are_followed_at_once(patch: dict[str, object]) -> None:
    office = await Told().begin()
    office.deliver("older", age=timedelta(days=5))
    await office.configure({"email": patch})
    await office.pushed(office.inbox)
    if "sync_from_days" in patch:
        assert "older" in await office.held()
    else:
        assert len((await office.head()).states.folders) < 3


async def test_a_void_state_of_the_named_folder_is_mended_with_all_folders() -> None:
    office = await Told().begin()
    office.deliver("new")
    office.box.void_states()
    await office.pushed(office.inbox)
    assert set(await office.held()) == {"held", "new"}
    await office.check()


async def test_a_mail_that_cannot_be_read_is_no_end_of_the_pass() -> None:
    office = await Told().begin()
    name = office.deliver("broken")
    office.box.failures[name] = ItemFailure(name, "ErrorCorruptData", "item-corrupt", "it is")
    await office.pushed(office.inbox)
    assert [failure["subject"] for failure in await office.failures()] == ["broken"]
    assert (await office.head()).marks
    del office.box.failures[name]
    office.now += timedelta(hours=2)
    await office.pushed(office.inbox)
    assert "broken" in await office.held()


async def test_wishes_widen_one_another_and_a_sync_for_everything_stays_one() -> None:
    office = await Told().begin()
    await office.push(office.inbox)
    await office.push(office.customers)
    assert await office.pushed(office.inbox) == [office.inbox, office.customers]
    await office.push(office.inbox)
    await office.push()
    assert len(await office.pushed(office.inbox)) == 3


async def test_an_administrators_sync_looks_everywhere() -> None:
    office = await Told().begin()
    await office.push(office.inbox)
    operator = await find_operator(office.rows, "alice")
    assert operator is not None
    await wake(office.world(), operator, Kind.EMAIL, force=True)
    assert len(await office.pushed(office.inbox)) == 3


async def test_a_wish_for_another_folder_that_comes_during_the_sync_is_served_in_it() -> None:
    office = await Told().begin()

    async def push() -> None:
        office.deliver("just arrived", folder=office.customers)
        office.now += FOLD
        await office.push(office.customers)

    for step in range(1, 4):
        office = await Told().begin()
        office.deliver("first")
        await office.push(office.inbox)
        assert await office.sync(Interruption(step, push).worker(office.world())) == "done"
        while office.queues.receive(COLLECTIONS_QUEUE):
            await office.sync()
        assert {"first", "just arrived"} <= set(await office.held()), f"lost at step {step}"
        await office.check()


async def test_of_two_workers_at_once_one_writes_and_the_other_has_lost() -> None:
    office = await Told().begin()
    office.deliver("new")
    await office.push(office.inbox)
    outcomes: list[str] = []

    async def rival() -> None:
        outcomes.append(await office.sync())

    outcomes.append(await office.sync(Interruption(2, rival).worker(office.world())))
    assert outcomes == ["done", "overtaken"]
    assert (await office.news()).count("created") == 2, "the one that was held, and the new one"
    await office.check()


async def test_a_calm_collection_is_claimed_by_its_first_commit() -> None:
    office = await Told().begin()
    await office.push(office.inbox)
    first, second = (Claim(office.world(), office.key, name) for name in ("first", "second"))
    assert await first.take(office.now) and await second.take(office.now)
    await second.commit()
    with pytest.raises(LeaseLost):
        await first.commit()
    assert not await Claim(office.world(), office.key, "third").take(office.now), "now the lease counts"


async def test_without_a_wish_to_meet_at_the_claim_is_written_at_once() -> None:
    """Else a worker that nobody asked could let go after another's wish, without having seen what it was for."""
    office = await Told().begin()
    assert await Claim(office.world(), office.key, "swept").take(office.now)
    assert not await Claim(office.world(), office.key, "another").take(office.now)


async def test_a_failing_collection_is_claimed_at_once_and_looked_at_as_a_whole() -> None:
    office = await Told().begin()
    mend = failing(office)
    await office.push(office.inbox)
    assert await office.sync() == "failed"
    mend()
    office.now += timedelta(minutes=1)
    assert len(await office.pushed(office.inbox)) == 3


def failing(office: Office) -> Callable[[], None]:
    async def fail(operation: str, mailbox: Mailbox) -> None:
        raise Transient("exchange-unavailable", "503")

    async def pass_by(operation: str, mailbox: Mailbox) -> None: ...

    office.exchange.before = fail
    return lambda: setattr(office.exchange, "before", pass_by)


@pytest.mark.parametrize(
    "where", [frozenset(), frozenset({"a b"}), frozenset({""}), frozenset({"x" * 600}), frozenset(map(str, range(9)))]
)
def test_what_cannot_be_kept_as_a_hint_means_all_folders(where: frozenset[str]) -> None:
    assert folders_of(folders_column(where)) is None


def test_a_hint_is_kept_as_it_is_and_widened_by_others() -> None:
    one, other = frozenset({"AAMk+/=="}), frozenset({"AQMk="})
    assert folders_of(folders_column(one)) == one
    assert widened(one, other) == one | other
    assert widened(one, None) is None and widened(None, one) is None
    assert folders_of({}) is None
