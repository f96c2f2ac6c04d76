"""What was asked of the server: a log of the latest requests, and counters of all."""

from collections import Counter, deque
from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Entry:
    """One EWS request. `code` is the fault's code, or the first response code that is no NoError, or NoError."""

    operation: str = ""
    mailbox: str = ""
    account: str = ""
    anchor: str = ""
    version: str = ""
    client_request_id: str = ""
    status: int = 0
    code: str = ""
    inputs: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    gzip: bool = False


class Journal:
    """The last thousands of entries and the counters since the last reset."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=5000)
        self.operations: Counter[str] = Counter()
        self.mailboxes: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.concurrent = 0
        self.most_concurrent = 0

    def write(self, entry: Entry) -> None:
        """Note a request that was answered or reset."""
        self.entries.append(entry)
        self.operations[entry.operation or "-"] += 1
        self.mailboxes[entry.mailbox or "-"] += 1
        self.statuses[entry.status] += 1

    def reset(self) -> None:
        """Forget everything."""
        self.entries.clear()
        for counter in (self.operations, self.mailboxes):
            counter.clear()
        self.statuses.clear()
        self.most_concurrent = self.concurrent

    def shown(self) -> dict[str, object]:
        """What the control API gives."""
        return {
            "total": self.operations.total(),
            "operations": dict(self.operations),
            "mailboxes": dict(self.mailboxes),
            "statuses": {str(status): number for status, number in self.statuses.items()},
            "most_concurrent": self.most_concurrent,
            "entries": [asdict(one) for one in self.entries],
        }
