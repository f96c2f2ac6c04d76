"""Say in the list of failures how many items of a collection cannot be read: one row for all of them, none for none.

The truth is the head's count. The row is written while the collection is held, and the next commit notes in `failed_listed`
how many it says: who dies in between has not noted it, and the next sync writes the row again. Where the two agree, as
for each mailbox that lacks nothing, nothing is read or written.
"""

from shared.flows.claim import Claim
from shared.flows.failure_index import close_failure, items_of, list_failure
from shared.model.causes import ITEMS_FAILED
from shared.model.collection import Head, Trouble
from shared.model.operator import Kind, Operator


async def list_failing_items(claim: Claim, operator: Operator, kind: Kind, *, begun: Head | None = None) -> None:
    """Bring the row in line with the head; also where the items were tried again since the head was as `begun`."""
    head = claim.head
    is_tried = begun is not None and bool(head.failing) and head.failures_retried_at != begun.failures_retried_at
    if head.failing is None or (head.failing == head.failed_listed and not is_tried):
        return
    if not head.failing:
        await close_failing_items(claim, operator, kind)
    elif await list_failure(claim.world, operator, items_of(kind), _summed_up(claim, head.failing)):
        claim.carry(failed_listed=head.failing)


async def close_failing_items(claim: Claim, operator: Operator, kind: Kind) -> None:
    """Remove the row, if there may be one: all items can be read, or the kind is off."""
    if claim.head.failed_listed and await close_failure(claim.world, operator.mailbox_key, items_of(kind)):
        claim.carry(failed_listed=0)


def _summed_up(claim: Claim, count: int) -> Trouble:
    now = claim.world.now()
    words = f"{count} item{'' if count == 1 else 's'} cannot be read"
    return Trouble(ITEMS_FAILED, words, claim.head.failed_since or now, now, count)
