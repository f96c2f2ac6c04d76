"""SyncFolderItems: one story of changes, and states that cannot be used."""

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, IDS, Answer, M, T, Talk, mail


def state(answer: Answer) -> str:
    return answer.texts(M + "SyncState")[0]


def story(answer: Answer) -> list[tuple[str, str]]:
    changes = answer.one(M + "Changes")
    return [(str(one.tag).removeprefix(T), next(one.iter(T + "ItemId")).get("Id") or "") for one in changes]


async def test_changes_since_a_state_are_told_once_and_coalesced(exchange: ExchangeSimulator, talk: Talk) -> None:
    first, second, third, fourth = (exchange.deliver(ALICE, mail(word)) for word in "1234")
    start = await talk.sync()
    assert story(start) == [("Create", one) for one in (fourth, third, second, first)]
    exchange.flag(ALICE, first, read=True)
    exchange.flag(ALICE, second, subject="edited")
    exchange.flag(ALICE, second, read=True)
    exchange.move(ALICE, third, "archive")
    fifth = exchange.deliver(ALICE, mail("5"))
    exchange.delete(ALICE, exchange.deliver(ALICE, mail("came and went")), how="hard")
    later = await talk.sync(state(start))
    assert story(later) == [("Create", fifth), ("Delete", third), ("Update", second), ("ReadFlagChange", first)]
    assert later.texts(M + "IncludesLastItemInRange") == ["true"]
    assert later.texts(f"{T}ReadFlagChange/{T}IsRead") == ["true"]
    assert story(await talk.sync(state(later))) == []
    assert story(await talk.sync(state(start))) == story(later)


async def test_order_is_newest_first_from_2010_sp2_and_oldest_first_below(
    exchange: ExchangeSimulator, talk: Talk
) -> None:
    ids = [exchange.deliver(ALICE, mail(word)) for word in "123"]
    assert [one for _, one in story(await talk.sync())] == ids[::-1]
    old = talk.but(version="Exchange2010_SP1")
    assert [one for _, one in story(await old.sync())] == ids


async def test_pages_end_when_nothing_is_left(exchange: ExchangeSimulator, talk: Talk) -> None:
    ids = {exchange.deliver(ALICE, mail(word)) for word in "12345"}
    known, seen, last = "", list[str](), "false"
    sizes = []
    while last == "false":
        answer = await talk.sync(known, size=2)
        known, last = state(answer), answer.texts(M + "IncludesLastItemInRange")[0]
        sizes.append(len(story(answer)))
        seen += [one for _, one in story(answer)]
    assert sizes == [2, 2, 1]
    assert set(seen) == ids


async def test_what_comes_while_paging_is_told_before_the_end(exchange: ExchangeSimulator, talk: Talk) -> None:
    first, second = (exchange.deliver(ALICE, mail(word)) for word in "12")
    page = await talk.sync(size=1)
    third = exchange.deliver(ALICE, mail("3"))
    exchange.flag(ALICE, second, subject="edited after it was told")
    exchange.flag(ALICE, first, subject="edited before it was told")
    rest = await talk.sync(state(page))
    assert story(page) == [("Create", second)]
    assert story(rest) == [("Create", first), ("Update", second), ("Create", third)]
    assert rest.texts(M + "IncludesLastItemInRange") == ["true"]


async def test_ignored_items_are_left_out(exchange: ExchangeSimulator, talk: Talk) -> None:
    first, second = (exchange.deliver(ALICE, mail(word)) for word in "12")
    assert story(await talk.sync(ignore=first)) == [("Create", second)]


async def test_a_state_that_cannot_be_used_says_so_with_an_empty_state(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    good = state(await talk.sync())
    archive = '<t:DistinguishedFolderId Id="archive"/>'
    wrong = [await talk.sync(good, folder=archive), await talk.sync("garbage"), await talk.sync(good[:-8])]
    exchange.renew_ids(ALICE)
    wrong.append(await talk.sync(good))
    for answer in wrong:
        assert answer.codes == ["ErrorInvalidSyncStateData"]
        assert state(answer) == ""
        assert answer.texts(M + "IncludesLastItemInRange") == ["true"]


async def test_new_ids_behind_a_state_that_stays_good(exchange: ExchangeSimulator, talk: Talk) -> None:
    old = exchange.deliver(ALICE, mail())
    key = exchange.items(ALICE)[0].search_key
    start = await talk.sync()
    assert exchange.renew_ids(ALICE, invalidate_sync_states=False) == 1
    row = exchange.items(ALICE)[0]
    assert row.search_key == key
    assert story(await talk.sync(state(start))) == [("Create", row.id), ("Delete", old)]


async def test_a_folder_that_is_gone(exchange: ExchangeSimulator, talk: Talk) -> None:
    gone = exchange.add_folder(ALICE, "Gone")
    exchange.delete_folder(ALICE, gone)
    answer = await talk.sync(folder=f'<t:FolderId Id="{gone}"/>')
    assert answer.codes == ["ErrorSyncFolderNotFound"]


@pytest.mark.parametrize("size", [0, 513])
async def test_the_number_of_changes_has_its_limits(talk: Talk, schema: object, size: int) -> None:
    assert (await talk.sync(size=size, shape=IDS)).fault == "ErrorSchemaValidation"
