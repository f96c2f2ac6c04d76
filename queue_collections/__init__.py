"""QUEUE: bring one collection up to date."""

import logging

import azure.functions as func

from shared.compose import the_world, time_budget
from shared.flows.sync_collection import sync_collection
from shared.model.operator import Kind

bp = func.Blueprint()
log = logging.getLogger(__name__)


@bp.queue_trigger(arg_name="message", queue_name="collections", connection="AzureWebJobsStorage")
async def queue_collections(message: func.QueueMessage) -> None:
    """`{"operator_id", "kind"}`. What is known to go wrong is noted and enqueued again; only the unknown raises."""
    wish = message.get_json()
    kind = Kind(wish["kind"])
    world = await the_world(current=True)
    outcome = await sync_collection(world, wish["operator_id"], kind, budget=time_budget(), job=message.id or "")
    log.info("%s of %s: %s", kind.value, wish["operator_id"], outcome)
