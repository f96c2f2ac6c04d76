"""The error tree. Each class says what its catcher should do; each instance carries a code of the failure registry.

Foreign errors (httpx, azure.core, lxml) are translated into these once, in adapters and wire. DESIGN 4.1, "When things fail".
"""

from datetime import timedelta


class SyncError(Exception):
    """Something that went wrong and has a name in `shared/model/failures.py`."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        retry_after: timedelta | None = None,
        exchange_code: str = "",
        named: tuple[str, ...] = (),
        request_id: str = "",
    ) -> None:
        """`code` is of the registry; `detail` is for a person; `exchange_code` is what the server called it.

        `named`: the properties that the server refused, or the address that it wants instead. `request_id`: when and
        under which ids the server knows the request; its support asks for them.
        """
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.exchange_code = exchange_code
        self.named = named
        self.request_id = request_id


class Transient(SyncError):
    """Wait, at least `retry_after` where given, then repeat the same call."""


class Resync(SyncError):
    """What was remembered is void: drop the sync state or the subscription and rebuild, without doubling anything."""


class Reconfigure(SyncError):
    """An administrator must act; trying again soon is useless and may lock an account."""


class Permanent(SyncError):
    """This item or request cannot be done: record it and go on with the rest."""


class Invalid(SyncError):
    """The caller's input is wrong; `detail` says what to do. Nothing was changed."""


class Conflict(Exception):
    """A conditional write lost its race: an ordinary answer. Nothing of the transaction was written."""


class Unclear(Exception):
    """A write whose acknowledgement was lost: it may have happened or not; read before deciding."""


class LeaseLost(Exception):
    """Another worker has taken the collection over: stop at once, write nothing more."""
