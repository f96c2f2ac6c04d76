"""QUEUE: page through one shard of what is due, or look after one mailbox's subscription."""

import azure.functions as func

from shared.compose import the_world, time_budget
from shared.flows import daily, forget_address
from shared.flows.find_due import look_after_subscription, work_through_shard
from shared.flows.forget_operator import go_on_forgetting
from shared.flows.pauses import wake_shard
from shared.model.operator import Kind

bp = func.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name="shards", connection="AzureWebJobsStorage")
async def queue_shards(message: func.QueueMessage) -> None:
    """`{"task": "due", "what", "shard"}`, `{"task": "subscription", "operator_id"}`, what a pause left, or a task of the day."""
    task = message.get_json()
    world = await the_world(current=True)
    match task["task"]:
        case "subscription":
            await look_after_subscription(world, task["operator_id"])
        case "forget-operator":
            await go_on_forgetting(world, task["job"], budget=time_budget())
        case name if name in forget_address.TASKS:
            await forget_address.work_on_address(world, task, budget=time_budget())
        case "resume":
            await wake_shard(world, Kind(task["what"]), task["shard"], task["after"], budget=time_budget())
        case name if name in daily.TASKS:
            await daily.do_daily(world, task, budget=time_budget())
        case _:
            await work_through_shard(world, task["what"], task["shard"], budget=time_budget())
