"""Whether a failed request is sent once more right away. A decision without I/O; the flow has its own, longer back-off."""

from dataclasses import dataclass
from datetime import timedelta

from shared.adapters.ews.authorization import Credential
from shared.adapters.ews.lanes import LONGEST_WAIT
from shared.adapters.ews.refused_tokens import RENEWED
from shared.errors import SyncError
from shared.wire.ews import create_item, subscribe
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import is_refused_property

_BROKEN = frozenset({"connection-lost", "answer-truncated"})
_OF_THE_HEADER = frozenset({"version-not-supported", "mailbox-not-primary"})
_NOT_TWICE = frozenset({subscribe.NAME, create_item.NAME})
"""What may have been done although its answer was lost: once more, and there is a second subscription, or mail."""
_REPEATS_WHEN_BROKEN = 2
_REPEATS_WHEN_BUSY = 2
_FIRST_DELAY = timedelta(milliseconds=200)


_NO_HEADER = Header("", "")


@dataclass(slots=True)
class Patience:
    """What one call has gone through so far. `spent`: nothing may be repeated any more."""

    operation: str
    header: Header = _NO_HEADER
    credential: Credential | None = None
    refused_before: bool = False
    spent: bool = False
    broken: int = 0
    busy: int = 0
    request_id: str = ""
    """When and under which ids the server knows the request that it answered last."""

    def delay_before_repeating(self, wrong: SyncError, *, header_now: Header) -> timedelta | None:
        """How long to wait before the next attempt; None: give up. `header_now` is what would be sent next."""
        if self.spent:
            return None
        if wrong.code in _BROKEN:
            return self._after_broken()
        if wrong.code == "exchange-busy":
            return self._after_busy(wrong)
        if wrong.code in _OF_THE_HEADER or is_refused_property(wrong.exchange_code, wrong.named):
            return timedelta(0) if header_now != self.header else None
        if wrong.code == "authentication-failed" or wrong.code in RENEWED:
            refused_before, self.refused_before = self.refused_before, True
            return None if refused_before else timedelta(0)
        return None

    def _after_broken(self) -> timedelta | None:
        if self.operation in _NOT_TWICE or self.broken >= _REPEATS_WHEN_BROKEN:
            return None
        self.broken += 1
        return _FIRST_DELAY * self.broken

    def _after_busy(self, wrong: SyncError) -> timedelta | None:
        """The wait itself is the mailbox's pause, which `Lanes.enter` waits out."""
        if wrong.retry_after is None or wrong.retry_after > LONGEST_WAIT or self.busy >= _REPEATS_WHEN_BUSY:
            return None
        self.busy += 1
        return timedelta(0)
