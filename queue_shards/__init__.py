"""QUEUE: page through one shard of what is due, or look after one mailbox's subscription."""

import azure.functions as func

from shared.compose import the_world, time_budget
from shared.flows.find_due import look_after_subscription, work_through_shard

bp = func.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name="shards", connection="AzureWebJobsStorage")
async def queue_shards(message: func.QueueMessage) -> None:
    """`{"task": "due", "what", "shard"}` or `{"task": "subscription", "operator_id"}`."""
    task = message.get_json()
    world = await the_world(current=True)
    if task["task"] == "subscription":
        await look_after_subscription(world, task["operator_id"])
    else:
        await work_through_shard(world, task["what"], task["shard"], budget=time_budget())
