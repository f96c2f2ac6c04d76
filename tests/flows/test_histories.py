"""Whatever happens to a mailbox, and whenever a worker dies, the application ends with exactly the mailbox's content.

Hypothesis invents the histories. `EXSYNC_TEST_HISTORIES=5000` hunts longer than the usual run.
"""

import asyncio
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.flows.histories import Change, History, Step, changes, driven, established, play, steps
from tests.flows.office import Office

MANY = int(os.environ.get("EXSYNC_TEST_HISTORIES", "400"))
thorough = settings(
    max_examples=MANY, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck), print_blob=True
)


@thorough
@given(history=steps, leave=st.sampled_from(["keep", "remove"]), delete=st.sampled_from(["keep", "remove"]))
def test_any_history_ends_with_what_the_mailbox_holds(history: list[Step], leave: str, delete: str) -> None:
    asyncio.run(_play(history, leave, delete))


async def _play(history: list[Step], leave: str, delete: str) -> None:
    await play(await established(on_leave=leave, on_delete=delete), history)


async def test_a_folder_comes_back_while_its_mails_are_leaving_beside_a_copy_of_one() -> None:
    history = await established()
    await play(history, [("copy", 39, 14), ("delete folder", 0), ("sync", 0), ("move folder", 0, 0)])


@thorough
@given(history=steps)
def test_any_history_of_a_new_operator_ends_with_what_the_mailbox_holds(history: list[Step]) -> None:
    asyncio.run(_play_from_nothing(history))


async def _play_from_nothing(history: list[Step]) -> None:
    await play(History(await Office().open()), history)


@thorough
@given(
    happened=st.lists(changes, min_size=1, max_size=12),
    turns=st.lists(st.sampled_from([0, 0, 1, 2, 5, 12, 30]), min_size=1, max_size=9),
    losing=st.lists(st.integers(0, 11), max_size=3),
)
def test_pushes_alone_bring_everything_however_they_meet_the_workers(
    happened: list[Change], turns: list[int], losing: list[int]
) -> None:
    asyncio.run(_driven(happened, turns, losing))


async def _driven(happened: list[Change], turns: list[int], losing: list[int]) -> None:
    await (await driven(happened, turns, losing)).check()
