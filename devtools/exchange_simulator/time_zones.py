"""Windows time zone ids and their IANA names, after CLDR's windowsZones (territory 001): the zones that tests need."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from devtools.exchange_simulator.soap import ItemError

ZONES = {
    "UTC": "UTC",
    "GMT Standard Time": "Europe/London",
    "W. Europe Standard Time": "Europe/Berlin",
    "Romance Standard Time": "Europe/Paris",
    "Central Europe Standard Time": "Europe/Budapest",
    "Central European Standard Time": "Europe/Warsaw",
    "E. Europe Standard Time": "Europe/Chisinau",
    "FLE Standard Time": "Europe/Kiev",
    "GTB Standard Time": "Europe/Bucharest",
    "Turkey Standard Time": "Europe/Istanbul",
    "Russian Standard Time": "Europe/Moscow",
    "Eastern Standard Time": "America/New_York",
    "Central Standard Time": "America/Chicago",
    "Mountain Standard Time": "America/Denver",
    "Pacific Standard Time": "America/Los_Angeles",
    "E. South America Standard Time": "America/Sao_Paulo",
    "India Standard Time": "Asia/Calcutta",
    "China Standard Time": "Asia/Shanghai",
    "Singapore Standard Time": "Asia/Singapore",
    "Tokyo Standard Time": "Asia/Tokyo",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "New Zealand Standard Time": "Pacific/Auckland",
}


def zone_of(windows_id: str) -> tzinfo:
    """Find the rules of a Windows id. Raises ItemError for one that is not known."""
    if windows_id not in ZONES:
        raise ItemError("ErrorTimeZone", f"The time zone {windows_id!r} is not known.")
    return ZoneInfo(ZONES[windows_id])


def instant(text: str, windows_id: str) -> datetime:
    """Read an xs:dateTime; a bare local value is one of the zone (PROTOCOL 11.5). Raises ItemError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ItemError("ErrorInvalidValueForProperty", f"{text!r} is no time.") from error
    return found if found.tzinfo else found.replace(tzinfo=zone_of(windows_id or "UTC"))
