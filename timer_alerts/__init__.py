"""TIMER: tell people of failures that last, and of those that are over."""

import azure.functions as func

from shared.compose import the_world, time_budget
from shared.flows.alert_failures import alert_failures
from shared.flows.timers import note_run

bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="%SCHEDULE_ALERTS%")
async def timer_alerts(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Look through what fails, and send what is due."""
    world = await the_world()
    await alert_failures(world, budget=time_budget())
    await note_run(world, "timer_alerts")
