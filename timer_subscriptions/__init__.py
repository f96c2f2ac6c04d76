"""TIMER: push subscriptions that must be made, renewed or given up, and what is due once a day. The shards do the work."""

import azure.functions as func

from shared.compose import the_world
from shared.flows.daily import begin_day
from shared.flows.find_due import enqueue_shards
from shared.flows.operators import SUBSCRIPTIONS
from shared.flows.timers import note_run

bp = func.Blueprint()


@bp.timer_trigger(arg_name="timer", schedule="%SCHEDULE_SUBSCRIPTIONS%")
async def timer_subscriptions(timer: func.TimerRequest) -> None:  # noqa: ARG001
    """Enqueue one message for each shard of the mailboxes that are due."""
    world = await the_world()
    await enqueue_shards(world, SUBSCRIPTIONS)
    await begin_day(world)
    await note_run(world, "timer_subscriptions")
