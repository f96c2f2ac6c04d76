"""QUEUE: keep what failed for good, for a person. One trigger for each queue that can have such messages."""

import azure.functions as func

from shared.compose import the_world
from shared.flows.keep_poison import COLLECTIONS, SHARDS, keep_poison

bp = func.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name="collections-poison", connection="AzureWebJobsStorage")
async def queue_poison_collections(message: func.QueueMessage) -> None:
    """A collection that could not be brought up to date five times in a row."""
    await keep_poison(await the_world(), COLLECTIONS, message.get_body().decode("utf-8", "replace"))


@bp.queue_trigger(arg_name="message", queue_name="shards-poison", connection="AzureWebJobsStorage")
async def queue_poison_shards(message: func.QueueMessage) -> None:
    """A shard that could not be worked through five times in a row."""
    await keep_poison(await the_world(), SHARDS, message.get_body().decode("utf-8", "replace"))
