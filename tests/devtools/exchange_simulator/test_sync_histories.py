"""Whatever happens to a folder between pages of any size: a strict client ends with exactly what is in it.

The client is strict: a Create is never known, an Update, ReadFlagChange or Delete always is.
"""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devtools.exchange_simulator import ExchangeSimulator, sync_states
from devtools.exchange_simulator.identifiers import write_id
from devtools.exchange_simulator.items import Folder, overrides_of
from devtools.exchange_simulator.mail import StoredContent
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.parsing import read_message
from tests.devtools.exchange_simulator.talk import M, T, Talk, item_shape, mail

_NUMBERS = count()
SHAPE = item_shape("item:Subject", "message:IsRead", base="IdOnly")
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["deliver", "deliver", "leave", "return", "delete", "edit", "edit", "read", "read", "page", "page"]
        ),
        st.integers(0, 30),
        st.integers(1, 4),
    ),
    max_size=40,
)
# An edit that was not told yet is overtaken by a read flag: it must still come as an Update.
OVERTAKEN = [("edit", 0, 1), ("edit", 1, 1), ("page", 0, 1), ("read", 0, 1)]
STARTS = st.integers(0, 6)

Known = dict[str, tuple[str, str, bool]]


@dataclass
class Client:
    """Applies changes strictly; id → change key, subject, read flag."""

    known: Known = field(default_factory=dict)

    def apply(self, kind: str, item: str, key: str, subject: str, read: bool) -> None:
        assert (item in self.known) == (kind != "Create"), f"{kind} of {item}"
        if kind == "Delete":
            del self.known[item]
        elif kind == "ReadFlagChange":
            self.known[item] = (key, self.known[item][1], read)
        else:
            self.known[item] = (key, subject, read)


def truth(folder: Folder) -> Known:
    return {one.id: (one.change_key, one.subject, one.is_read) for one in folder.items.values()}


def act(box: Mailbox, action: str, pick: int) -> None:
    """Do something to the Inbox, if there is something to do it to."""
    inbox, archive = box.distinguished["inbox"], box.distinguished["archive"]
    source = archive if action == "return" else inbox
    items = list(source.items.values())
    if action == "deliver":
        content = StoredContent(mail(f"mail {pick}"), b"key", read_message)
        box.add(content, inbox, received=inbox.committed, new_mail=True)
    elif items:
        item = items[pick % len(items)]
        if action in ("leave", "return"):
            box.move(item, archive if action == "leave" else inbox)
        elif action == "delete":
            box.delete(item, "hard")
        elif action == "edit":
            box.change(item, overrides_of(subject=f"{item.subject}!"))
        elif action == "read":
            box.set_read(item, not item.is_read)


@settings(max_examples=400, deadline=None)
@given(start=STARTS, drained=st.booleans(), actions=ACTIONS, newest_first=st.booleans())
@example(start=2, drained=True, actions=OVERTAKEN, newest_first=True)
def test_the_decision_about_changes_is_right_for_any_history(
    start: int, drained: bool, actions: list[tuple[str, int, int]], newest_first: bool
) -> None:
    box = Mailbox("alice@contoso.example")
    inbox = box.distinguished["inbox"]
    for number in range(start):
        act(box, "deliver", number)
    client, known = Client(), sync_states.write_state(sync_states.SyncState(), inbox, 0)

    def page(limit: int) -> bool:
        nonlocal known
        state = sync_states.read_state(known, inbox, 0)
        changes, after, complete = sync_states.page(inbox, state, limit, newest_first=newest_first)
        assert len(changes) <= limit
        known = sync_states.write_state(after, inbox, 0)
        for one in changes:
            item, gone = one.item, box.guid
            shown = item.id if item else write_id("item", gone, one.number)
            client.apply(
                one.kind,
                shown,
                item.change_key if item else "",
                item.subject if item else "",
                bool(item and item.is_read),
            )
        assert not complete or client.known == truth(inbox)
        return complete

    while drained and not page(512):
        pass
    for action, pick, limit in actions:
        if action == "page":
            page(limit)
        else:
            act(box, action, pick)
    while not page(3):
        pass
    assert client.known == truth(inbox)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=STARTS, actions=ACTIONS, version=st.sampled_from(["Exchange2010_SP1", "Exchange2013_SP1"]))
async def test_a_client_over_http_ends_with_the_folder(
    exchange: ExchangeSimulator, talk: Talk, start: int, actions: list[tuple[str, int, int]], version: str
) -> None:
    address = f"alice{next(_NUMBERS)}@contoso.example"
    box = exchange.add_mailbox(address)
    for number in range(start):
        act(box, "deliver", number)
    client, known = Client(), ""
    reader = talk.but(mailbox=address, version=version)

    async def page(limit: int) -> bool:
        nonlocal known
        answer = await reader.sync(known, size=limit, shape=SHAPE)
        known = answer.texts(M + "SyncState")[0]
        for one in answer.one(M + "Changes"):
            item = next(one.iter(T + "ItemId"))
            subject, read = (next(one.iter(T + name), None) for name in ("Subject", "IsRead"))
            client.apply(
                str(one.tag).removeprefix(T),
                item.get("Id") or "",
                item.get("ChangeKey") or "",
                (subject.text or "") if subject is not None else "",
                read is not None and read.text == "true",
            )
        return answer.texts(M + "IncludesLastItemInRange") == ["true"]

    for action, pick, limit in actions:
        if action == "page":
            await page(limit)
        else:
            act(box, action, pick)
    while not await page(3):
        pass
    assert client.known == truth(box.distinguished["inbox"])
