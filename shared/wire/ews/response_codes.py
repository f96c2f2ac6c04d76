"""What each EWS ResponseCode means to us: code of the server → class of error and code of the failure registry.

The table is `model/foreign_codes.py`; the class is that of our code. PROTOCOL 13.1.
"""

from shared.errors import SyncError
from shared.model.failures import error_class
from shared.model.foreign_codes import RESPONSE_CODES
from shared.model.foreign_codes import UNKNOWN as UNKNOWN_CODE

type Meaning = tuple[type[SyncError], str]

MEANINGS: dict[str, Meaning] = {
    name: (error_class(code), code) for code, names in RESPONSE_CODES.items() for name in names.split()
}
UNKNOWN: Meaning = (error_class(UNKNOWN_CODE), UNKNOWN_CODE)
CODES = frozenset(RESPONSE_CODES)
