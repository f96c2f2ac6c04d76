"""What can happen to a mailbox and to its worker, as lists of steps that Hypothesis invents.

Numbers in steps choose among what is there: `7` is the item or folder at 7 modulo how many there are.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from shared.flows.keep_subscription import keep_subscription
from shared.flows.operators import ask_for_sync, get_operator
from shared.flows.receive_notification import receive_notification
from shared.model.email import Attachment
from shared.model.exchange import ItemFailure, Notification
from shared.model.operator import Kind
from shared.ports import COLLECTIONS_QUEUE
from tests.flows.breaking import Crash, Fuse, Hesitation, Interruption
from tests.flows.office import Office, attachment

MOST_ITEMS = 18
"""So few that the brake never holds: it has sentences of its own."""

type Change = tuple[Any, ...]
type Step = tuple[Any, ...]

_numbers = st.integers(0, 40)
_sorts = st.sampled_from(["plain", "plain", "private", "no crm", "old", "files", "twins", "keyless", "nameless"])
changes: st.SearchStrategy[Change] = st.one_of(
    st.tuples(st.just("deliver"), _numbers, _sorts),
    st.tuples(st.just("move"), _numbers, _numbers),
    st.tuples(st.sampled_from(["delete", "shred", "read", "edit", "hide", "show", "spoil", "mend"]), _numbers),
    st.tuples(st.just("copy"), _numbers, _numbers),
    st.tuples(st.just("new folder"), _numbers),
    st.tuples(st.sampled_from(["rename folder", "delete folder", "shred folder"]), _numbers),
    st.tuples(st.just("move folder"), _numbers, _numbers),
    st.tuples(st.sampled_from(["renumber", "void states"])),
)
_meanwhile = st.lists(changes, max_size=4)
_at = st.integers(1, 30)
_budget = st.sampled_from([240, 240, 0])
syncs: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("sync"), _budget),
    st.tuples(st.just("crash"), st.sampled_from(["before", "after", "unclear", "undone"]), _at, _budget),
    st.tuples(st.sampled_from(["meanwhile", "rival", "rival meanwhile"]), _at, _meanwhile, _budget),
)
steps: st.SearchStrategy[list[Step]] = st.lists(st.one_of(changes, changes, syncs), max_size=30)


class History:
    """An office and what became of it. `steadfast` are mails that were in sight the whole time: whatever happened,
    each must still be the one item that it was."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.steadfast: dict[str, int] = {}
        self._born = 0
        self._items: dict[str, str] = {}

    async def play(self, step: Step) -> None:
        """One step: a change of the mailbox, or a sync with whatever happens to it."""
        match step:
            case ("sync", budget):
                await self._sync(self.office.world(), budget)
            case ("crash", how, at, budget):
                fuse = Fuse(at, how)
                await self._sync(fuse.worker(self.office.world()), budget)
                if fuse.blown and how in ("before", "after"):
                    self.office.now += timedelta(minutes=3)
            case ("meanwhile" | "rival" | "rival meanwhile" as what, at, between, budget):
                await self._interrupted(what, at, between, budget)
            case _:
                self.change(step)

    async def _interrupted(self, what: str, at: int, between: Sequence[Change], budget: int) -> None:
        async def happen() -> None:
            for each in between:
                self.change(each)
            if what != "meanwhile":
                self.office.now += timedelta(minutes=3)
                await self._sync(self.office.world(), budget)
            if what == "rival meanwhile":
                for each in between:
                    self.change(each)

        await self._sync(Interruption(at, happen).worker(self.office.world()), budget)

    async def _sync(self, world: Any, budget: int) -> None:
        with suppress(Crash):
            await self.office.sync(world, budget=timedelta(seconds=budget))
        await self.office.check_failing()

    def change(self, change: Change) -> None:
        """Something happens in the mailbox; what makes no sense there does not."""
        what, *numbers = change
        getattr(self, "_" + what.replace(" ", "_"))(*numbers)
        self._forget_what_is_out_of_sight()

    def _forget_what_is_out_of_sight(self) -> None:
        box = self.office.box
        watched = self.office.watched()
        keys = [item.email.search_key for item in box.items.values() if item.email.search_key]
        for name in list(self.steadfast):
            item = box.items.get(name)
            hidden = item is None or item.email.folder_id not in watched or item.email.sensitivity != "normal"
            if hidden or (item is not None and keys.count(item.email.search_key) > 1):
                del self.steadfast[name]

    def _item(self, number: int) -> str:
        names = list(self.office.box.items)
        return names[number % len(names)] if names else ""

    def _folder(self, number: int) -> str:
        box = self.office.box
        usual = [box.distinguished[name] for name in ("inbox", "sentitems", "deleteditems", "junkemail")]
        own = [folder for folder in box.folders if folder not in box.distinguished.values()]
        return [*usual, *own][number % (len(usual) + len(own))]

    def _own_folder(self, number: int) -> str:
        box = self.office.box
        own = [folder for folder in box.folders if folder not in box.distinguished.values()]
        return own[number % len(own)] if own else ""

    def _deliver(self, number: int, sort: str) -> None:
        office = self.office
        if len(office.box.items) >= MOST_ITEMS:
            return
        folder = self._folder(number)
        facts: dict[str, Any] = {}
        if sort == "private":
            facts = {"sensitivity": "private"}
        elif sort == "no crm":
            facts = {"categories": ("No CRM",)}
        elif sort == "old":
            facts = {"age": timedelta(days=30)}
        elif sort == "files":
            files: tuple[Attachment, ...] = (attachment("a.bin", 3), attachment("a.bin", 3))
            facts = {"attachments": files, "contents": (b"one", b"two")}
        elif sort == "nameless":
            facts = {"internet_message_id": ""}
        name = office.deliver(folder=folder, **facts)
        if sort == "twins":
            self._to_oneself(name)
        elif sort == "keyless":
            office.without_search_key(name)
        if sort in ("plain", "files", "nameless") and folder in office.watched():
            self._born += 1
            self.steadfast[name] = self._born

    def _to_oneself(self, name: str) -> None:
        box = self.office.box
        box.deliver(replace(box.items[name].email), folder="sentitems")

    def _renamed(self, old: str, new: str) -> None:
        if old in self.steadfast:
            self.steadfast[new] = self.steadfast.pop(old)

    def _move(self, number: int, to: int) -> None:
        if name := self._item(number):
            self._renamed(name, self.office.box.move(name, self._folder(to)))

    def _copy(self, number: int, to: int) -> None:
        if (name := self._item(number)) and len(self.office.box.items) < MOST_ITEMS:
            self.office.box.copy(name, self._folder(to))

    def _delete(self, number: int) -> None:
        if name := self._item(number):
            self.office.box.delete(name)

    def _shred(self, number: int) -> None:
        if name := self._item(number):
            self.office.box.delete(name, for_good=True)

    def _read(self, number: int) -> None:
        if name := self._item(number):
            self.office.box.set_read(name, not self.office.box.items[name].email.is_read)

    def _edit(self, number: int) -> None:
        if name := self._item(number):
            self.office.box.edit(name, lambda email: replace(email, subject=email.subject + "+", size=email.size + 1))

    def _hide(self, number: int) -> None:
        if name := self._item(number):
            self.office.box.edit(name, lambda email: replace(email, sensitivity="private"))

    def _show(self, number: int) -> None:
        if name := self._item(number):
            self.office.box.edit(name, lambda email: replace(email, sensitivity="normal", categories=()))

    def _spoil(self, number: int) -> None:
        """It cannot be read any more: should it seem new, as under another id, it is not the item that it was."""
        if name := self._item(number):
            self.office.box.failures[name] = ItemFailure(name, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
            self.steadfast.pop(name, None)

    def _mend(self, number: int) -> None:
        if broken := list(self.office.box.failures):
            del self.office.box.failures[broken[number % len(broken)]]

    async def mend_all(self) -> None:
        """Every item can be read, and somebody asks for another try."""
        self.office.box.failures.clear()
        if await self.office.failures():
            self.office.now += timedelta(minutes=1)
            await ask_for_sync(self.office.world(), await get_operator(self.office.rows, "alice"), [Kind.EMAIL])
            await self.office.settle()

    def _new_folder(self, parent: int) -> None:
        if len(self.office.box.folders) < 10:
            self.office.box.add_folder("Folder", parent=self._folder(parent))

    def _rename_folder(self, number: int) -> None:
        if folder := self._own_folder(number):
            self.office.box.rename_folder(folder, self.office.box.folders[folder].name + "'")

    def _move_folder(self, number: int, to: int) -> None:
        box, folder, parent = self.office.box, self._own_folder(number), self._folder(to)
        if folder and parent != folder and parent not in {below.id for below in box.below(folder)}:
            box.move_folder(folder, parent)

    def _delete_folder(self, number: int) -> None:
        if folder := self._own_folder(number):
            self.office.box.delete_folder(folder)

    def _shred_folder(self, number: int) -> None:
        if folder := self._own_folder(number):
            self.office.box.delete_folder(folder, for_good=True)

    def _renumber(self) -> None:
        renamed = self.office.box.renumber()
        self.steadfast = {renamed[name]: number for name, number in self.steadfast.items()}

    def _void_states(self) -> None:
        self.office.box.void_states()

    async def check_steadfast(self) -> None:
        """Each mail that was in sight the whole time was created once and never went."""
        rows = {str(row.values["exchange_id"]): row.key[2:] for row in await self.office.stored()}
        told: dict[str, list[str]] = {}
        for change, item in await self.office.feed():
            told.setdefault(item, []).append(change)
        for name in self.steadfast:
            story = told[rows[name]]
            assert story[0] == "created" and set(story[1:]) <= {"updated"}, f"{rows[name]}: {story}"


async def established(**email: Any) -> History:
    """Alice's mailbox as it is found in the middle of things: some mail, a folder of her own, all of it synchronised."""
    history = History(await Office().open(**email))
    for change in (
        ("new folder", 0),
        ("deliver", 0, "plain"),
        ("deliver", 0, "twins"),
        ("deliver", 4, "plain"),
        ("deliver", 4, "files"),
        ("deliver", 1, "keyless"),
    ):
        history.change(change)
    await history.office.settle()
    return history


async def play(history: History, steps: Sequence[Step]) -> None:
    """Play a history to its end, let everything settle, and compare."""
    for step in steps:
        await history.play(step)
    await history.office.settle()
    await history.mend_all()
    await history.office.check()
    await history.check_steadfast()


class Pushes:
    """Exchange's notifications: each tells of all that happened since the last one that was accepted, in order, and
    names the folders of the items and whether a folder itself changed."""

    def __init__(self, office: Office, turns: Sequence[int]) -> None:
        self._office = office
        self._turns = turns
        self._items, self._folders = dict(office.box.items), dict(office.box.folders)
        self._watermark = ""
        self._one_at_a_time = asyncio.Lock()

    async def push(self) -> None:
        """Tell of what happened."""
        async with self._one_at_a_time:
            box = self._office.box
            before, now = set(self._items.items()), set(box.items.items())
            touched = frozenset(item.email.folder_id for _, item in before ^ now)
            changed, watermark = self._folders != box.folders, f"{self._watermark}+"
            note = Notification("subscription/1", self._watermark, watermark, touched, changed)
            self._items, self._folders, self._watermark = dict(box.items), dict(box.folders), watermark
            world = Hesitation(self._turns).worker(self._office.world())
            await receive_notification(world, self._office.key.partition("-")[0], (note,))


async def driven(changes: Sequence[Change], turns: Sequence[int], losing: Sequence[int]) -> Office:
    """Play changes with a push after each, beside workers that run only when a message wakes them; no timer helps.

    `losing`: pushes that Exchange makes only at its second attempt, half a minute later, as after a 503.
    """
    history = await established()
    office = history.office
    await office.configure({"notifications": {"mode": "push", "url": "https://app.example/n"}})
    await keep_subscription(office.world(), "alice")
    pushes = Pushes(office, turns)

    async def work() -> None:
        while office.queues.receive(COLLECTIONS_QUEUE):
            await office.sync(Hesitation(turns[::-1]).worker(office.world()))
            office.now += timedelta(seconds=1)

    async def happen(number: int) -> None:
        for _ in range(3 * turns[number % len(turns)]):
            await asyncio.sleep(0)
        history.change(changes[number])
        if number not in losing:
            await pushes.push()

    for number in range(0, len(changes), 2):
        both = range(number, min(number + 2, len(changes)))
        await asyncio.gather(*(happen(each) for each in both), work(), work())
        await asyncio.gather(work(), work())
    if not set(losing).isdisjoint(range(len(changes))):
        office.now += timedelta(seconds=30)
        await pushes.push()
    for _ in range(100):
        await work()
        if (visible := office.queues.next_visible(COLLECTIONS_QUEUE)) is None:
            await history.mend_all()
            return office
        office.now = max(office.now, visible)
    raise AssertionError("the workers do not come to rest")
