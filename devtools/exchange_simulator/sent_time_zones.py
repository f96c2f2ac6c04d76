"""The time zone that a request of GetUserAvailability brings along: bias and two yearly changes (SerializableTimeZone)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from devtools.exchange_simulator.recurrence import nth_weekday
from devtools.exchange_simulator.soap import Element, ItemError, T


@dataclass(frozen=True, slots=True)
class Change:
    """When clocks change every year: the `order`-th of a weekday, 5 for the last; `bias` comes on top of the zone's."""

    bias: timedelta
    at: time
    order: int
    month: int
    weekday: str

    def local(self, year: int) -> datetime:
        """Give the wall clock, as it is before the change, at which the clocks change."""
        day = nth_weekday(year, self.month, self.weekday, self.order)
        return datetime.combine(day, self.at)


@dataclass(frozen=True, slots=True)
class SentTimeZone:
    """A zone by its rules; a bias is what is added to local time to get UTC."""

    bias: timedelta = timedelta()
    standard: Change | None = None
    daylight: Change | None = None

    def local(self, at: datetime) -> datetime:
        """Give the wall clock of an instant, without a zone."""
        return (at.astimezone(UTC) - self._bias_at(at.astimezone(UTC))).replace(tzinfo=None)

    def instant(self, value: str) -> datetime:
        """Read an xs:dateTime; one without a zone is this zone's wall clock. Raises ItemError."""
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise ItemError("ErrorInvalidTimeInterval", f"{value!r} is no time.") from error
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        guess = (found + self.bias).replace(tzinfo=UTC)
        return (found + self._bias_at(guess)).replace(tzinfo=UTC)

    def _bias_at(self, at: datetime) -> timedelta:
        """Tell which of the two biases applies at an instant; south of the equator summer spans the new year."""
        if self.standard is None or self.daylight is None or self.standard.bias == self.daylight.bias:
            return self.bias
        naive = at.replace(tzinfo=None)
        begins = self.daylight.local(at.year) + self.bias + self.standard.bias
        ends = self.standard.local(at.year) + self.bias + self.daylight.bias
        summer = begins <= naive < ends if begins < ends else not ends <= naive < begins
        return self.bias + (self.daylight.bias if summer else self.standard.bias)


def read_sent_time_zone(element: Element | None) -> SentTimeZone:
    """Read a t:TimeZone; without one it is UTC. Raises ItemError."""
    if element is None:
        return SentTimeZone()
    try:
        standard, daylight = (_change(element, name) for name in ("StandardTime", "DaylightTime"))
    except ValueError as error:
        raise ItemError("ErrorTimeZone", "The time zone makes no sense.") from error
    return SentTimeZone(timedelta(minutes=int(element.findtext(T + "Bias") or 0)), standard, daylight)


def _change(element: Element, name: str) -> Change | None:
    found = element.find(T + name)
    if found is None or not int(found.findtext(T + "Month") or 0):
        return None

    def said(child: str) -> str:
        return found.findtext(T + child) or ""

    bias = timedelta(minutes=int(said("Bias")))
    at, order, month = time.fromisoformat(said("Time")), int(said("DayOrder")), int(said("Month"))
    change = Change(bias, at, order, month, said("DayOfWeek"))
    change.local(2026)  # raises ValueError for what is no rule
    return change
