"""Every timer of the app leaves a trace, and the trace tells when one is late."""

from datetime import timedelta
from functools import cache
from typing import Any

import azure.functions as func
import pytest

from function_app import app
from shared.compose import World
from shared.flows.timers import PARTITION, TABLE, TIMERS, note_run, timer_runs
from shared.model.checkup import TimerRun
from tests.flows.office import NOON, Office


@cache
def timers() -> dict[str, Any]:
    """The timers of the app by name; Azure's library lists an app's functions once only."""
    functions = {each.get_function_name(): each for each in app.get_functions()}
    return {name: each for name, each in functions.items() if each.get_trigger().type == "timerTrigger"}


def test_the_doctor_knows_all_timers_of_the_app() -> None:
    assert set(timers()) == set(TIMERS)


@pytest.mark.parametrize("name", TIMERS)
async def test_a_timer_notes_its_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await Office().open()

    async def world() -> World:
        return office.world()

    monkeypatch.setattr(f"{name}.the_world", world)
    await timers()[name].get_user_function()(func.TimerRequest())
    assert [row.key for row in (await office.rows.query(TABLE, PARTITION)).rows] == [name]
    assert (await timer_runs(office.world()))[name] == TimerRun(name, NOON, None)


async def test_the_pause_is_that_between_the_runs_and_a_restart_does_not_shorten_it_at_once() -> None:
    office = Office()
    for pause in (0, 15, 0.1):
        office.now += timedelta(minutes=pause)
        await note_run(office.world(), "timer_contact_sync")
    run = (await timer_runs(office.world()))["timer_contact_sync"]
    assert run.pause == timedelta(minutes=7.5)
    assert not run.is_late(run.at + timedelta(minutes=19))
    assert run.is_late(run.at + timedelta(minutes=21))


def test_a_timer_that_ran_once_has_an_hour() -> None:
    run = TimerRun("timer_email_sync", NOON, None)
    assert [run.is_late(NOON + timedelta(minutes=minutes)) for minutes in (59, 61)] == [False, True]
