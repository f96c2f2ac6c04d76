"""A simulated Exchange server over real HTTP and HTTPS: the other half of the protocol, for tests and the demo.

Written from PROTOCOL and Microsoft's schema, never from our client; it imports nothing of the app.
"""

from devtools.exchange_simulator.control import add_routes
from devtools.exchange_simulator.fault_injection import Fault
from devtools.exchange_simulator.item_rows import ItemRow
from devtools.exchange_simulator.simulator import ExchangeSimulator

ExchangeSimulator.more_routes.append(add_routes)

__all__ = ["ExchangeSimulator", "Fault", "ItemRow"]
