"""All parts of the product on this machine, started and stopped together: for the demo, `./dev serve` and tests/e2e."""

from devtools.stack.application import Application, Refused
from devtools.stack.local import Stack, StackError
from devtools.stack.waiting import NeverHappened, until

__all__ = ["Application", "NeverHappened", "Refused", "Stack", "StackError", "until"]
