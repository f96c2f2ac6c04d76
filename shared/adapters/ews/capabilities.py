"""What one endpoint has shown of itself: its build, the version it takes, and what it refuses. Forgotten after a day.

A server that lacks something is asked for it once a day at most, never in a loop; what it lacks is told in status.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import Enum

from shared.adapters.ews.connection import EXCHANGE_365, Connection, request_versions
from shared.model.server import EWS_RETIREMENT, NO_HIERARCHY, Build, Server
from shared.wire.ews.envelope import Header
from shared.wire.ews.server_version import read_build

_REMEMBERED = timedelta(days=1)
_RETIREMENT = f"Exchange Online {EWS_RETIREMENT}; until then it works only in organizations that allow this app"


class Gap(Enum):
    """What a server may not be able to do, and what is done instead. The value is the note in status."""

    RESTRICTION = "this server cannot search by time: folders are listed from the newest mail on until the window ends"
    SORT_ORDER = "this server cannot sort: whole folders are listed for the initial window"
    IDENTITY = "this server cannot search by identity: folders are listed whole to see where a mail has gone"
    HIERARCHY = NO_HIERARCHY


class Capabilities:
    """What is known of one connection's server just now."""

    def __init__(self, connection: Connection, now: Callable[[], datetime]) -> None:
        self._connection = connection
        self._now = now
        self._versions = request_versions(connection)
        self._refused: dict[str | Gap, datetime] = {}
        self._primary: dict[str, str] = {}
        self.build: Build | None = None

    @property
    def version(self) -> str:
        """What to send as RequestServerVersion: the newest that the server did not refuse within a day."""
        return next((each for each in self._versions if not self._is_refused(each)), self._versions[-1])

    def header(self, address: str) -> Header:
        """The header of a request for a mailbox, with what must be left out of it."""
        without = frozenset(name for name in self._refused if isinstance(name, str) and self._is_refused(name))
        return Header(self.version, self._primary.get(address.lower(), address), without)

    def step_down(self, version: str) -> None:
        """The server refused this version; the last one is kept, since there is nothing below it."""
        if version != self._versions[-1]:
            self._refused[version] = self._now() + _REMEMBERED

    def hear(self, beginning: bytes) -> None:
        """Read the build from the first bytes of an answer."""
        self.build = read_build(beginning) or self.build

    def lacks(self, gap: Gap) -> bool:
        """Whether the server is known not to have this."""
        return self._is_refused(gap)

    def note_gap(self, *gaps: Gap) -> None:
        """The server refused this, and the plainer way worked."""
        self._refused |= {gap: self._now() + _REMEMBERED for gap in gaps if not self._is_refused(gap)}

    def leave_out(self, paths: Iterable[str]) -> bool:
        """Ask no more for these properties. False: all of them were left out already."""
        new = [path for path in paths if path and not self._is_refused(path)]
        self._refused |= dict.fromkeys(new, self._now() + _REMEMBERED)
        return bool(new)

    def adopt(self, address: str, primary: str) -> bool:
        """Impersonate by the primary address from now on. False: that was done already."""
        known = self._primary.get(address.lower())
        if not primary or primary.lower() in (address.lower(), known):
            return False
        self._primary[address.lower()] = primary.lower()
        return True

    def server(self, address: str) -> Server:
        """What can be said of the server, and of this mailbox on it."""
        return Server(self.build, tuple(self._notes(address)))

    def _is_refused(self, what: str | Gap) -> bool:
        until = self._refused.get(what)
        return until is not None and until > self._now()

    def _notes(self, address: str) -> Iterable[str]:
        setting = f"connections.{self._connection.name}.version"
        refused = [name for name in self._refused if self._is_refused(name)]
        if self._connection.version == EXCHANGE_365:
            yield _RETIREMENT
        if self.build is not None and self.build.product not in ("", self._connection.version):
            yield (
                f"{setting} is {self._connection.version}, but the server is {self.build.product} ({self.build}): "
                "set it to that"
            )
        if any(name in self._versions for name in refused):
            yield f"the server does not take {self._versions[0]}, so it is asked as {self.version}"
        paths = sorted(name for name in refused if isinstance(name, str) and name not in self._versions)
        if paths:
            yield f"the server does not give {', '.join(paths)}: what they hold stays empty"
        yield from (gap.value for gap in Gap if gap in refused)
        if primary := self._primary.get(address.lower()):
            yield f"{address} is not the mailbox's primary address: set the operator's mailbox to {primary}"
