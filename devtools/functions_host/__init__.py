"""A local Azure Functions host for Python apps, where Core Tools cannot be installed.

It loads `function_app.py` and drives it through Microsoft's own azure-functions-runtime, with HTTP, queue and timer
triggers. It honours the settings, host.json options and admin endpoints that this project uses, and refuses by name what
it does not know. Loopback only.
"""

from .access import HostKeys
from .errors import ConfigurationError, FunctionFailed, HostError
from .host import FunctionsHost
from .process import HostProcess

__all__ = ["ConfigurationError", "FunctionFailed", "FunctionsHost", "HostError", "HostKeys", "HostProcess"]
