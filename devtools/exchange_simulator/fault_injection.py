"""Faults on demand: each waits for calls of an operation and mailbox, for the next N of them or until cleared.

Kinds: the table `KINDS` below, which the control API shows too. A call's faults together are its Plan.
"""

from dataclasses import asdict, dataclass, field
from itertools import count

from devtools.exchange_simulator.items import Item

KINDS = {
    "server_busy": "SOAP fault ErrorServerBusy with BackOffMilliseconds (back_off_ms)",
    "item_busy": "ErrorServerBusy with BackOffMilliseconds in every response message",
    "error": "the response code `code` in every response message",
    "fault": "SOAP fault `code`; detail=false leaves the detail out",
    "unavailable": "HTTP `status` (503) with Retry-After (retry_after seconds; none when null)",
    "slow": "the answer waits delay_ms",
    "reset_before": "the connection is reset and nothing is done",
    "reset_after": "the operation is done, then the connection is reset without an answer",
    "reset_middle": "the operation is done, then the connection is reset in the middle of the answer",
    "html": "an HTML error page with `status`",
    "wrong_content": "HTTP 200 with `text` for a body",
    "invalid_sync_state": "ErrorInvalidSyncStateData for every sync state that is sent",
    "empty": "FindItem and SyncFolderItems answer that there is nothing",
    "batch_stopped": "ErrorBatchProcessingStopped after the first `after` inputs",
    "item_error": "the response code `code` for the items whose id or subject is `item`",
    "illegal_characters": "&#x1F; and a raw control character inside every subject",
    "unknown_elements": "unknown elements and attributes",
    "nine_digits": "dates with nine fractional digits",
}


@dataclass(slots=True)
class Fault:
    """One fault; `count` is how many calls it is for, None until cleared."""

    kind: str
    operation: str | None = None
    mailbox: str | None = None
    count: int | None = 1
    code: str = "ErrorInternalServerError"
    back_off_ms: int | None = 1000
    retry_after: int | None = 1
    delay_ms: int = 1000
    status: int = 503
    after: int = 1
    item: str | None = None
    text: str = ""
    detail: bool = True
    id: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}")

    def shown(self) -> dict[str, object]:
        """What the control API lists."""
        return asdict(self)


@dataclass(slots=True)
class Plan:
    """The faults of one call, at most one of each kind but `item_error`."""

    faults: dict[str, Fault] = field(default_factory=dict)
    items: list[Fault] = field(default_factory=list)

    def get(self, kind: str) -> Fault | None:
        """Give the fault of that kind, if this call has it."""
        return self.faults.get(kind)

    def code_of(self, item: Item) -> str | None:
        """Give the code that this item always answers with, if any."""
        return next((one.code for one in self.items if one.item in (item.id, item.subject)), None)


class FaultList:
    """All faults that wait."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self._ids = count(1)

    def add(self, fault: Fault) -> Fault:
        """Queue a fault; it gets an id."""
        fault.id = next(self._ids)
        self.waiting.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Take away one fault, or all."""
        self.waiting = [one for one in self.waiting if fault_id is not None and one.id != fault_id]

    def plan(self, operation: str, mailbox: str) -> Plan:
        """Take the faults that are for this call; of two of one kind, the older goes first."""
        plan = Plan()
        for fault in self.waiting:
            if fault.operation not in (None, operation) or (fault.mailbox or mailbox).casefold() != mailbox.casefold():
                continue
            if fault.kind == "item_error":
                plan.items.append(fault)
            elif fault.kind in plan.faults:
                continue
            else:
                plan.faults[fault.kind] = fault
            if fault.count is not None:
                fault.count -= 1
        self.waiting = [one for one in self.waiting if one.count is None or one.count > 0]
        return plan
