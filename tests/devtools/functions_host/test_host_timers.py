"""Timer triggers of the local host."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob.aio import ContainerClient

from devtools.functions_host import FunctionFailed
from tests.devtools.functions_host.sample import SampleApp


async def test_a_timer_fires_by_its_schedule(app: SampleApp) -> None:
    app.settings["TICK_SCHEDULE"] = "* * * * * *"
    async with app.running(timers=True):
        first, second, *_ = await app.calls("tick", at_least=2)
        assert not first["past_due"]
        assert second["status"]["Next"] > second["status"]["Last"] > first["status"]["Last"]


async def test_a_constant_interval_is_a_schedule_too(app: SampleApp) -> None:
    app.settings["TICK_SCHEDULE"] = "00:00:01"
    async with app.running(timers=True):
        assert len(await app.calls("tick", at_least=2)) >= 2


async def test_timers_that_are_switched_off_fire_only_by_hand(app: SampleApp) -> None:
    app.settings["TICK_SCHEDULE"] = "* * * * * *"
    async with app.running(timers=False) as host:
        await host.run_timer("tick")
        # The eager timer would have run at the start, before any request was answered.
        assert (len(await app.calls("tick")), len(await app.calls("eager"))) == (1, 0)
        assert (await app.request("POST", "/admin/functions/tick", json={"input": ""}))[0] == 202
        assert len(await app.calls("tick", at_least=2)) == 2


async def test_a_timer_may_ask_to_run_at_the_start(app: SampleApp) -> None:
    async with app.running(timers=True):
        assert await app.calls("eager", at_least=1) == [{"past_due": False}]


async def test_a_timer_never_overlaps_itself(app: SampleApp) -> None:
    async with app.running() as host, asyncio.TaskGroup() as group:
        runs = [group.create_task(host.run_timer("patient_timer")) for _ in range(2)]
        await app.calls("patient", at_least=1)
        # Another timer runs meanwhile; the second run of this one has not begun.
        await host.run_timer("tick")
        assert len(await app.calls("patient")) == 1
        assert not any(run.done() for run in runs)
        await app.open_gate("patient")
        assert len(await app.calls("patient", at_least=2)) == 2


async def test_a_missed_time_is_made_up_for_after_a_restart(app: SampleApp) -> None:
    await keep_status(app, "tick", due=datetime.now(UTC) - timedelta(days=1))
    async with app.running(timers=True):
        (call,) = await app.calls("tick", at_least=1)
        assert call["past_due"]


@pytest.mark.parametrize(("due_in", "past_due"), [(timedelta(days=1), False), (timedelta(days=-1), True)])
async def test_a_run_at_the_start_says_whether_it_is_late(app: SampleApp, due_in: timedelta, past_due: bool) -> None:
    await keep_status(app, "eager_timer", due=datetime.now(UTC) + due_in)
    async with app.running(timers=True):
        assert await app.calls("eager", at_least=1) == [{"past_due": past_due}]


async def test_a_run_is_remembered_for_the_next_start(app: SampleApp) -> None:
    async with app.running(timers=True):
        await app.calls("eager", at_least=1)
    async with status_container(app) as container:
        kept = json.loads(await (await container.download_blob(f"timers/{host_id(app)}/eager_timer/status")).readall())
    assert datetime.fromisoformat(kept["Next"]) > datetime.now(UTC)


async def test_a_failing_timer_says_so_to_who_fired_it_and_goes_on(app: SampleApp) -> None:
    async with app.running() as host:
        for _ in range(2):
            with pytest.raises(FunctionFailed, match="out of time"):
                await host.run_timer("failing_timer")


async def test_a_disabled_timer_does_not_fire(app: SampleApp) -> None:
    app.settings["AzureWebJobs.eager_timer.Disabled"] = "true"
    app.settings["TICK_SCHEDULE"] = "* * * * * *"
    async with app.running(timers=True):
        # A second at least, in which the eager timer would have run long since.
        await app.calls("tick", at_least=2)
        assert await app.calls("eager") == []


def host_id(app: SampleApp) -> str:
    return app.settings["AzureFunctionsWebHost__hostId"]


def status_container(app: SampleApp) -> ContainerClient:
    return ContainerClient.from_connection_string(app.connection_string, "azure-webjobs-hosts")


async def keep_status(app: SampleApp, timer: str, *, due: datetime) -> None:
    status = {"Last": (due - timedelta(days=1)).isoformat(), "Next": due.isoformat(), "LastUpdated": due.isoformat()}
    async with status_container(app) as container:
        with suppress(ResourceExistsError):
            await container.create_container()
        await container.upload_blob(f"timers/{host_id(app)}/{timer}/status", json.dumps(status), overwrite=True)
