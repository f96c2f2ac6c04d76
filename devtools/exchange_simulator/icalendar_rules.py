"""Recurrence both ways between EWS (PROTOCOL 11.2) and RRULE (RFC 5545 3.3.10; MS-OXCICAL 2.1.3.2.1).

What EWS cannot say is refused, never bent to something near it.
"""

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo

from devtools.exchange_simulator.recurrence import Recurrence
from devtools.exchange_simulator.soap import ItemError

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMES = tuple(calendar.day_name)
_PLACES = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", -1: "Last"}
_KNOWN = {*("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS")}


def rrule(rule: Recurrence, start: datetime) -> str:
    """Write a recurrence; `start` is that of the series, in its zone."""
    words = [f"FREQ={_frequency(rule)}"]
    if rule.number:
        words.append(f"COUNT={rule.number}")
    elif rule.end:
        last = datetime.combine(rule.end, start.timetz()).astimezone(UTC)
        words.append(f"UNTIL={last:%Y%m%dT%H%M%SZ}")
    words.append(f"INTERVAL={rule.interval}")
    if rule.days:
        words.append("BYDAY=" + ",".join(_DAYS[day] for day in sorted(rule.days)))
    if rule.kind.startswith("Absolute"):
        words.append(f"BYMONTHDAY={rule.day_of_month}")
    if rule.kind.startswith("Relative"):
        words.append(f"BYSETPOS={-1 if rule.place == 4 else rule.place + 1}")
    if rule.kind.endswith("Yearly"):
        words.append(f"BYMONTH={rule.month}")
    if rule.kind == "Weekly":
        words.append(f"WKST={_DAYS[rule.week_begins]}")
    return ";".join(words)


def _frequency(rule: Recurrence) -> str:
    return rule.kind.removeprefix("Absolute").removeprefix("Relative").upper()


def recurrence_element(value: str, start: datetime, zone: tzinfo) -> str:
    """Write the t:Recurrence of an RRULE. Raises ItemError for a rule that EWS has no pattern for."""
    words = dict(one.upper().partition("=")[::2] for one in value.split(";") if one)
    if not words.keys() <= _KNOWN:
        raise _refused(value)
    try:
        pattern = _pattern(words, start.astimezone(zone).date())
        return f"<t:Recurrence>{pattern}{_range(words, start.astimezone(zone).date(), zone)}</t:Recurrence>"
    except (KeyError, ValueError) as error:
        raise _refused(value) from error


def _refused(value: str) -> ItemError:
    return ItemError("ErrorMimeContentInvalid", f"The recurrence rule {value} cannot be kept.")


def _pattern(words: Mapping[str, str], start: date) -> str:
    interval = f"<t:Interval>{int(words.get('INTERVAL') or 1)}</t:Interval>"
    match words["FREQ"]:
        case "DAILY" if "BYDAY" not in words:
            return f"<t:DailyRecurrence>{interval}</t:DailyRecurrence>"
        case "WEEKLY":
            first = f"<t:FirstDayOfWeek>{_name(words.get('WKST', 'MO'))}</t:FirstDayOfWeek>"
            days = " ".join(_name(one) for one in words.get("BYDAY", _DAYS[start.weekday()]).split(","))
            return f"<t:WeeklyRecurrence>{interval}<t:DaysOfWeek>{days}</t:DaysOfWeek>{first}</t:WeeklyRecurrence>"
        case "MONTHLY":
            return _of_months(words, start, "Monthly", interval, "")
        case "YEARLY" if int(words.get("INTERVAL") or 1) == 1:  # EWS has no interval of years
            month = calendar.month_name[int(words.get("BYMONTH") or start.month)]
            return _of_months(words, start, "Yearly", "", f"<t:Month>{month}</t:Month>")
    raise ValueError(words["FREQ"])


def _of_months(words: Mapping[str, str], start: date, kind: str, interval: str, month: str) -> str:
    if "BYDAY" not in words:
        day = f"<t:DayOfMonth>{int(words.get('BYMONTHDAY') or start.day)}</t:DayOfMonth>"
        return f"<t:Absolute{kind}Recurrence>{interval}{day}{month}</t:Absolute{kind}Recurrence>"
    weekday = words["BYDAY"][-2:]
    place = int(words["BYDAY"][:-2] or words["BYSETPOS"])
    days = f"<t:DaysOfWeek>{_name(weekday)}</t:DaysOfWeek><t:DayOfWeekIndex>{_PLACES[place]}</t:DayOfWeekIndex>"
    return f"<t:Relative{kind}Recurrence>{interval}{days}{month}</t:Relative{kind}Recurrence>"


def _name(day: str) -> str:
    return _NAMES[_DAYS.index(day)]


def _range(words: Mapping[str, str], start: date, zone: tzinfo) -> str:
    begins = f"<t:StartDate>{start}</t:StartDate>"
    if "COUNT" in words:
        number = f"<t:NumberOfOccurrences>{int(words['COUNT'])}</t:NumberOfOccurrences>"
        return f"<t:NumberedRecurrence>{begins}{number}</t:NumberedRecurrence>"
    if "UNTIL" in words:
        until = datetime.fromisoformat(words["UNTIL"])
        last = until.astimezone(zone).date() if until.tzinfo else until.date()
        return f"<t:EndDateRecurrence>{begins}<t:EndDate>{last}</t:EndDate></t:EndDateRecurrence>"
    return f"<t:NoEndRecurrence>{begins}</t:NoEndRecurrence>"
