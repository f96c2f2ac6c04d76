"""How long an empty queue is left alone: the randomised exponential pause of the real host. Pure.

After messages the next look is soon; each empty look then about doubles the pause, up to `maxPollingInterval`.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#polling-algorithm
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

MINIMUM = timedelta(milliseconds=100)
_SPREAD = 0.2


class PollingBackoff:
    def __init__(self, maximum: timedelta, *, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 to 1, so that many pollers do not keep step."""
        self._maximum = max(maximum, MINIMUM)
        self._random = random
        self._empty_looks = 0

    def found_messages(self) -> None:
        self._empty_looks = 0

    def next_pause(self) -> timedelta:
        """The pause after a look that found nothing."""
        looks, self._empty_looks = self._empty_looks, self._empty_looks + 1
        if looks == 0:
            return MINIMUM
        factor = 1 - _SPREAD + 2 * _SPREAD * self._random()
        # 2**30 already is far beyond any maximum; the cap keeps a long idle time from growing a huge number.
        doublings = 1 << min(looks - 1, 30)
        return min(MINIMUM + MINIMUM * (factor * doublings), self._maximum)
