"""Child processes: waited for until they answer, ended, and never outliving the program that started them, even when
that is killed and cannot stop them.

https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
"""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> Callable[[], object] | None:
    """What to pass as `preexec_fn`; None where the system knows no such thing. The library is loaded before the fork."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class NotReady(Exception):
    """The child ended, or did not answer in time; the text says which."""


def wait_until_ready(
    child: subprocess.Popen[bytes], ports: Iterable[int], answers: Callable[[int], bool], *, within: timedelta
) -> None:
    """Return once every port answers. Raises NotReady."""
    deadline = time.monotonic() + within.total_seconds()
    waiting_for = list(ports)
    while waiting_for:
        if child.poll() is not None:
            raise NotReady("ended while it was starting")
        if time.monotonic() > deadline:
            raise NotReady(f"did not answer within {within}")
        if answers(waiting_for[0]):
            waiting_for.pop(0)
        else:
            time.sleep(0.02)  # between two questions, not in place of one


def end(child: subprocess.Popen[bytes] | subprocess.Popen[str], *, within: timedelta) -> None:
    """Ask the child to end, and kill it when it has not within that time."""
    child.terminate()
    try:
        child.wait(within.total_seconds())
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
