"""What can go wrong in the local host: what stops its start, and what a function did."""

from __future__ import annotations


class HostError(Exception):
    """The root of this package's errors."""


class ConfigurationError(HostError):
    """The app cannot run here; the text names the function or the file, the reason and what to do. Nothing was started."""


class FunctionFailed(HostError):
    """A function raised or ran out of time. `stack_trace` is the function's own, for the log."""

    def __init__(self, function: str, message: str, stack_trace: str = "") -> None:
        super().__init__(f"{function}: {message}")
        self.function = function
        self.message = message
        self.stack_trace = stack_trace
