"""TIMER: collections of email that are due without anybody having asked: the safety net under push."""

import azure.functions as func

from shared.compose import the_world
from shared.flows.find_due import enqueue_shards
from shared.flows.timers import note_run
from shared.model.operator import Kind

bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="%SCHEDULE_EMAIL_SYNC%")
async def timer_email_sync(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Enqueue one message for each shard of the collections that are due."""
    world = await the_world()
    await enqueue_shards(world, Kind.EMAIL)
    await note_run(world, "timer_email_sync")
