"""Answers in the zone of the TimeZoneContext: the same instants with its offset instead of Z (PROTOCOL 11.5)."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from devtools.exchange_simulator.soap import Piece
from devtools.exchange_simulator.time_zones import zone_of

_TIMES = """
    AppointmentReplyTime DateTimeCreated DateTimeReceived DateTimeSent End LastModifiedTime LastResponseTime
    OriginalStart ProposedEnd ProposedStart RecurrenceId ReminderDueBy Start
"""
_STAMP = re.compile(rf"(<t:({'|'.join(_TIMES.split())})>)(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ)(?=</t:\2>)")


def in_zone(pieces: Iterable[Piece], windows_id: str) -> Iterable[Piece]:
    """Give the times of items in a zone; an answer in UTC passes as it is."""
    return pieces if windows_id == "UTC" else _each(pieces, zone_of(windows_id))


def _each(pieces: Iterable[Piece], zone: tzinfo) -> Iterator[Piece]:
    def local(found: re.Match[str]) -> str:
        return found[1] + datetime.fromisoformat(found[3]).astimezone(zone).isoformat()

    for piece in pieces:
        yield _STAMP.sub(local, piece) if isinstance(piece, str) else piece
