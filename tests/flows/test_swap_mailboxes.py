"""Operators who exchange their mailboxes while somebody else is at them: all of it, or nothing and a clear word."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.adapters.memory.rows import MemoryRows
from shared.errors import Conflict, Invalid, Transient, Unclear
from shared.flows.operators import list_operators, put_operator
from shared.flows.swap_mailboxes import Decide, swap_mailboxes
from shared.model.operator import Operator
from shared.ports import Write
from tests.flows.office import Office


class Contested(MemoryRows):
    """Two operators in one transaction meet `error`, as where somebody changes one of them each time."""

    error: type[Exception] | None = None

    async def transact(self, table: str, partition: str, writes: Sequence[Write]) -> tuple[str, ...]:
        if self.error and partition == "operator" and len(writes) > 1:
            raise self.error
        return await super().transact(table, partition, writes)


def takes(mailbox: str) -> Decide:
    def decide(before: Operator | None) -> Operator:
        return replace(before or Operator("nobody", "", ""), mailbox=mailbox)

    return decide


async def two(rows: Contested) -> Office:
    office = Office(rows=rows)
    for name in "ab":
        await put_operator(office.world(), Operator(name, f"{name}@x.example", ""))
    return office


@pytest.mark.parametrize("error", [Conflict, Unclear])
async def test_where_somebody_else_is_faster_each_time_nobody_is_changed_and_it_may_be_repeated(
    error: type[Exception],
) -> None:
    rows = Contested()
    office = await two(rows)
    rows.error = error
    exchanged = {"a": takes("b@x.example"), "b": takes("a@x.example")}
    with pytest.raises(Transient, match="repeat the request"):
        await swap_mailboxes(office.world(), exchanged)
    held = [each.mailbox for each in (await list_operators(office.rows)).operators]
    assert held == ["a@x.example", "b@x.example"]
    rows.error = None
    await swap_mailboxes(office.world(), exchanged)
    held = [each.mailbox for each in (await list_operators(office.rows)).operators]
    assert held == ["b@x.example", "a@x.example"]


async def test_one_who_is_gone_meanwhile_is_named_and_nobody_is_changed() -> None:
    office = await two(Contested())
    with pytest.raises(Invalid, match="there is no operator nobody"):
        await swap_mailboxes(office.world(), {"a": takes("n@x.example"), "nobody": takes("a@x.example")})
    assert [each.mailbox for each in (await list_operators(office.rows)).operators] == ["a@x.example", "b@x.example"]
