"""One mailbox belongs to one operator, also where Autodiscover finds the connection of one of two: every way to get it
twice is refused, and what a crash left behind keeps nobody out."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import Invalid, Transient
from shared.flows.operators import find_operator, list_operators, put_operator, remove_operator
from shared.model.operator import Operator, may_be_one_mailbox
from tests.flows.breaking import Crash, Fuse
from tests.flows.office import Office

SHARED = "sales@contoso.example"
ALICE = Operator("alice", SHARED, "", email_sync=True)
BOB = Operator("bob", SHARED, "", email_sync=True)
CONNECTIONS = ("default", "hybrid", "auto")
A_WHILE = timedelta(minutes=2)


def by(operator: Operator, connection: str) -> Operator:
    return replace(operator, connection=connection)


async def connections_of(office: Office) -> list[str]:
    """By which connections operators hold the address."""
    found = (await list_operators(office.rows)).operators
    return sorted(operator.connection for operator in found if operator.mailbox.lower() == SHARED)


async def check(office: Office) -> None:
    held = await connections_of(office)
    assert len(held) < 2 or ("auto" not in held and len(set(held)) == len(held)), f"the mailbox is held twice: {held}"


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("default", "default", True),
        ("default", "hybrid", False),
        ("default", "auto", True),
        ("auto", "hybrid", True),
        ("auto", "auto", True),
    ],
)
async def test_two_operators_share_an_address_only_where_both_name_another_connection(
    one: str, other: str, *, may_be: bool
) -> None:
    assert may_be_one_mailbox(one, other) is may_be
    office = Office()
    await put_operator(office.world(), by(ALICE, one))
    office.now += A_WHILE
    second = replace(by(BOB, other), mailbox=SHARED.upper())
    if may_be:
        with pytest.raises(Invalid, match=r"mailbox-taken: .* belongs to operator alice"):
            await put_operator(office.world(), second)
        assert await find_operator(office.rows, "bob") is None
    else:
        await put_operator(office.world(), second)
    await check(office)


async def test_the_refusal_says_by_which_other_connection_the_mailbox_is_taken() -> None:
    office = Office()
    await put_operator(office.world(), by(ALICE, "hybrid"))
    with pytest.raises(Invalid, match='belongs to operator alice by the connection "hybrid"'):
        await put_operator(office.world(), by(BOB, "auto"))


async def test_from_a_named_connection_to_auto_and_back() -> None:
    office = Office()
    world = office.world()
    await put_operator(world, by(ALICE, "default"))
    await put_operator(world, by(ALICE, "auto"))
    with pytest.raises(Invalid, match="mailbox-taken"):
        await put_operator(world, by(BOB, "hybrid"))
    await put_operator(world, by(ALICE, "default"))
    await put_operator(world, by(BOB, "hybrid"))
    with pytest.raises(Invalid, match=r"mailbox-taken: .* belongs to operator bob"):
        await put_operator(world, by(ALICE, "auto"))
    assert await connections_of(office) == ["default", "hybrid"]
    await remove_operator(world, "bob")
    await put_operator(world, by(ALICE, "auto"))


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize(("before", "after"), [("default", "auto"), ("auto", "default"), ("hybrid", "default")])
async def test_after_a_crash_between_the_writes_nobody_gets_it_twice(
    how: str, at: int, before: str, after: str
) -> None:
    office = Office()
    await put_operator(office.world(), by(ALICE, before))
    office.now += A_WHILE
    with suppress(Crash, Transient):
        await put_operator(Fuse(at, how).worker(office.world()), by(ALICE, after))
    for pause in (timedelta(0), A_WHILE):
        office.now += pause
        for connection in CONNECTIONS:
            with suppress(Invalid):
                await put_operator(office.world(), by(BOB, connection))
            await check(office)
    held = await find_operator(office.rows, "alice")
    assert held is not None
    assert (await find_operator(office.rows, "bob") is not None) is (held.connection != "auto"), "a dead claim counts"
    try:
        await put_operator(office.world(), by(ALICE, after))
    except Invalid as refused:
        assert "operator bob" in refused.detail
    await check(office)


@pytest.mark.parametrize("wanted", [("auto", "default"), ("default", "auto"), ("auto", "auto"), ("hybrid", "hybrid")])
async def test_of_two_who_ask_at_the_same_moment_one_gets_it(wanted: tuple[str, str]) -> None:
    office = Office()
    puts = (put_operator(office.world(), by(who, how)) for who, how in zip((ALICE, BOB), wanted, strict=True))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert [outcome for outcome in outcomes if isinstance(outcome, Invalid) and outcome.code == "mailbox-taken"]
    await check(office)


async def test_both_get_it_where_they_name_two_connections_at_the_same_moment() -> None:
    office = Office()
    await asyncio.gather(
        put_operator(office.world(), by(ALICE, "default")), put_operator(office.world(), by(BOB, "hybrid"))
    )
    assert await connections_of(office) == ["default", "hybrid"]
