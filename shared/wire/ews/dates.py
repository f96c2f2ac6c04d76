"""Times as EWS writes them, and as it wants them: xs:dateTime. PROTOCOL 14."""

from datetime import UTC, datetime

_EARLIEST, _LATEST = 1602, 4500


def read_time(text: str | None) -> datetime | None:
    """An aware UTC time; None for nothing, for what is no time, and for sentinels.

    Quirk: any number of fractional digits; a time without zone is UTC; the years 1, 1601 and 4501 mean "never".
    """
    try:
        moment = datetime.fromisoformat(text.strip() if text else "")
    except ValueError:
        return None
    if not _EARLIEST <= moment.year < _LATEST:
        return None
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def write_time(moment: datetime) -> str:
    """UTC with `Z`, fractions only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
