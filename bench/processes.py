"""What other processes use: their CPU, and the memory of one while something happens."""

import threading
from types import TracebackType
from typing import Self

import psutil

MEGABYTE = 1024 * 1024
_LOOK_EVERY_SECONDS = 0.02


def cpu_seconds(pid: int) -> float:
    """User and system CPU of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def resident(pid: int) -> float:
    """Resident memory of a process, in MB."""
    return float(psutil.Process(pid).memory_info().rss) / MEGABYTE


class Growth:
    """`with Growth(pid) as growth:` watches a process; `growth.peak` is its most memory above what it had at first, in MB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.first = resident(pid)
        self.most = self.first

    @property
    def peak(self) -> float:
        """The growth at its highest."""
        return self.most - self.first

    @property
    def now(self) -> float:
        """The growth at this moment."""
        return resident(self._pid) - self.first

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_SECONDS):
            self.most = max(self.most, resident(self._pid))
