"""Durations as host.json and timer schedules write them: `hh:mm:ss` or `d.hh:mm:ss`, with an optional fraction."""

from __future__ import annotations

import re
from datetime import timedelta

_TIMESPAN = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:\.\d{1,7})?)"
)


def looks_like_timespan(text: str) -> bool:
    return ":" in text


def parse_timespan(text: str) -> timedelta:
    """Parse a .NET TimeSpan. Raises ValueError.

    Quirk: .NET reads `24:00:00` as 24 days. That is never what was meant, so it is refused here.
    """
    match = _TIMESPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration like 00:00:30 or 1.00:00:00")
    hours, minutes, seconds = int(match["hours"]), int(match["minutes"]), float(match["seconds"])
    if hours > 23 or minutes > 59 or seconds >= 60:
        raise ValueError(f"{text!r} is out of range: write days as d.hh:mm:ss")
    return timedelta(days=int(match["days"] or 0), hours=hours, minutes=minutes, seconds=seconds)
