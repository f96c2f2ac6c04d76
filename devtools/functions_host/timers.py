"""Timer triggers: each fires at its schedule's times (UTC), one run at a time. A time that passes during a run is skipped.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

from .bindings import Function, TimerTrigger
from .errors import FunctionFailed
from .invocations import Invocations
from .protos import TypedData
from .timer_status import TimerStatus, TimerStatusStore

# The real host does not monitor shorter schedules: the next run makes up for a missed one anyhow.
_SHORTEST_MONITORED = timedelta(minutes=1)


class Timer:
    def __init__(self, function: Function, trigger: TimerTrigger, *, invocations: Invocations) -> None:
        self.function = function
        self._trigger = trigger
        self._invocations = invocations
        self._one_run_at_a_time = asyncio.Lock()
        self._status = TimerStatus()
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self, store: TimerStatusStore | None) -> None:
        """Fire by the schedule from now on, and at once if asked to or if a time was missed while nothing ran."""
        monitored = self._trigger.use_monitor and self._shortest_pause() >= _SHORTEST_MONITORED
        keep = self._keep_time(store if monitored else None)
        self._loop = asyncio.create_task(keep, name=f"timer {self.function.name}")

    async def stop(self) -> None:
        """Fire no more. Returns when a run that goes on has ended; cancelling this cancels the run."""
        self._stopping.set()
        if self._loop is not None:
            await self._loop

    async def run(self, *, past_due: bool = False) -> None:
        """Fire now, or after the run that goes on. Raises FunctionFailed."""
        async with self._one_run_at_a_time:
            data = TypedData(json=json.dumps(self._info(past_due)))
            try:
                await self._invocations.run(self.function, data, what="past due" if past_due else "")
            finally:
                now = datetime.now(UTC)
                self._status = TimerStatus(now, self._trigger.schedule.next_after(now))

    async def _keep_time(self, store: TimerStatusStore | None) -> None:
        if store:
            self._status = await store.read(self.function.name)
        past_due = self._status.next is not None and self._status.next < datetime.now(UTC)
        due = datetime.now(UTC) if past_due or self._trigger.run_on_startup else self._next_due()
        while await self._sleep_until(due):
            await self._fire(past_due)
            if store:
                await store.write(self.function.name, self._status)
            past_due = False
            due = self._next_due()

    async def _fire(self, past_due: bool) -> None:
        try:
            await self.run(past_due=past_due)
        except FunctionFailed:
            return  # logged; a failed run is not repeated, the schedule goes on

    async def _sleep_until(self, due: datetime) -> bool:
        """False when the timer was stopped first."""
        while (pause := (due - datetime.now(UTC)).total_seconds()) > 0:
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            except TimeoutError:
                continue
            return False
        return not self._stopping.is_set()

    def _next_due(self) -> datetime:
        return self._trigger.schedule.next_after(datetime.now(UTC))

    def _shortest_pause(self) -> timedelta:
        first = self._next_due()
        return self._trigger.schedule.next_after(first) - first

    def _info(self, past_due: bool) -> dict[str, object]:
        return {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": self._status.as_json(),
            "IsPastDue": past_due,
        }
