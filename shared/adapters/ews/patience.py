"""Whether a failed request is sent once more right away. A decision without I/O; the flow has its own, longer back-off."""

from dataclasses import dataclass
from datetime import timedelta

from shared.adapters.ews.authorization import Credential
from shared.adapters.ews.lanes import LONGEST_WAIT
from shared.adapters.ews.refused_tokens import RENEWED
from shared.errors import SyncError
from shared.wire.ews import subscribe

_BROKEN = frozenset({"connection-lost", "answer-truncated"})
_REPEATS_WHEN_BROKEN = 2
_REPEATS_WHEN_BUSY = 2
_FIRST_DELAY = timedelta(milliseconds=200)


@dataclass(slots=True)
class Patience:
    """What one call has gone through so far. `spent`: nothing may be repeated any more."""

    operation: str
    version: str = ""
    credential: Credential | None = None
    refused_before: bool = False
    spent: bool = False
    broken: int = 0
    busy: int = 0

    def delay_before_repeating(self, wrong: SyncError, *, version_now: str) -> timedelta | None:
        """How long to wait before the next attempt; None: give up. `version_now` is what would be sent next."""
        if self.spent:
            return None
        if wrong.code in _BROKEN:
            return self._after_broken()
        if wrong.code == "exchange-busy":
            return self._after_busy(wrong)
        if wrong.code == "version-not-supported":
            return timedelta(0) if version_now != self.version else None
        if wrong.code == "authentication-failed" or wrong.code in RENEWED:
            refused_before, self.refused_before = self.refused_before, True
            return None if refused_before else timedelta(0)
        return None

    def _after_broken(self) -> timedelta | None:
        # A Subscribe may have been done although its answer was lost; a second one would leave a subscription behind.
        if self.operation == subscribe.NAME or self.broken >= _REPEATS_WHEN_BROKEN:
            return None
        self.broken += 1
        return _FIRST_DELAY * self.broken

    def _after_busy(self, wrong: SyncError) -> timedelta | None:
        """The wait itself is the mailbox's pause, which `Lanes.enter` waits out."""
        if wrong.retry_after is None or wrong.retry_after > LONGEST_WAIT or self.busy >= _REPEATS_WHEN_BUSY:
            return None
        self.busy += 1
        return timedelta(0)
