"""How calendar items are shown: every property that only they have, in the schema's order (Types.xsd, CalendarItemType)."""

from devtools.exchange_simulator import series
from devtools.exchange_simulator.appointments import (
    GET_ONLY,
    ORDER,
    is_cancelled,
    is_meeting,
    is_received,
    times,
)
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.kept_elements import inside
from devtools.exchange_simulator.mail import Address
from devtools.exchange_simulator.markup import boolean, stamp, text
from devtools.exchange_simulator.rendering import Render, Rendering, kept, mailbox_of
from devtools.exchange_simulator.time_zones import zone_of


def _kind(view: Rendering) -> str:
    kind = "RecurringMaster" if _is_master(view) else "Single"
    return view.facts.properties.get("calendar:CalendarItemType", f"<t:CalendarItemType>{kind}</t:CalendarItemType>")


def _is_master(view: Rendering) -> bool:
    return "calendar:Recurrence" in view.facts.properties


def _recurring(view: Rendering) -> str:
    return f"<t:IsRecurring>{boolean('>Single<' not in _kind(view))}</t:IsRecurring>"


def _duration(view: Rendering) -> str:
    start, end = times(view.facts)
    return f"<t:Duration>PT{int((end - start).total_seconds()) // 60}M</t:Duration>"


def _organizer(view: Rendering) -> str:
    own = f"<t:Organizer>{mailbox_of(Address(view.mailbox.name, view.mailbox.address))}</t:Organizer>"
    return view.facts.properties.get("calendar:Organizer", own)


def _my_response(view: Rendering) -> str:
    own = "Organizer" if is_meeting(view.facts) else "Unknown"
    return view.facts.properties.get("calendar:MyResponseType", f"<t:MyResponseType>{own}</t:MyResponseType>")


def _state(view: Rendering) -> str:
    """Add up the bits of wsr/appointmentstate: meeting, received, cancelled."""
    facts = view.facts
    bits = is_meeting(facts) | is_received(facts) << 1 | is_cancelled(facts) << 2
    return f"<t:AppointmentState>{bits}</t:AppointmentState>"


def _place(element: str, one: Item) -> str:
    """Write an OccurrenceInfoType."""
    start, end = times(one.facts())
    slot = series.original_start(one.facts()) or start
    return (
        f'<t:{element}><t:ItemId Id="{one.id}" ChangeKey="{one.change_key}"/><t:Start>{stamp(start)}</t:Start>'
        f"<t:End>{stamp(end)}</t:End><t:OriginalStart>{stamp(slot)}</t:OriginalStart></t:{element}>"
    )


def _end(element: str, which: int) -> Render:
    def render(view: Rendering) -> str:
        found = series.ends(view.root)[which] if _is_master(view) else None
        return _place(element, found) if found else ""

    return render


def _modified(view: Rendering) -> str:
    found = "".join(_place("Occurrence", one) for one in series.changed(view.root)) if _is_master(view) else ""
    return f"<t:ModifiedOccurrences>{found}</t:ModifiedOccurrences>" if found else ""


def _deleted(view: Rendering) -> str:
    gone = series.deleted(view.root) if _is_master(view) else []
    found = "".join(f"<t:DeletedOccurrence><t:Start>{stamp(one)}</t:Start></t:DeletedOccurrence>" for one in gone)
    return f"<t:DeletedOccurrences>{found}</t:DeletedOccurrences>" if found else ""


def _zone_id(view: Rendering, name: str) -> str:
    zone = inside(view.facts, f"{name}TimeZone")
    return (zone.get("Id") if zone is not None else None) or "UTC"


def _wall_clock(name: str) -> Render:
    """Show a time as the clock on the wall of its own zone shows it, with the offset of that zone."""

    def render(view: Rendering) -> str:
        at = times(view.facts)[name == "End"].astimezone(zone_of(_zone_id(view, name)))
        return f"<t:{name}WallClock>{at.isoformat()}</t:{name}WallClock>"

    return render


def _zone_name(name: str) -> Render:
    return lambda view: f"<t:{name}TimeZoneId>{text(_zone_id(view, name))}</t:{name}TimeZoneId>"


def response_objects(view: Rendering) -> list[str]:
    """Name what a meeting, or a message about one, can be answered with (PROTOCOL 11.4)."""
    facts = view.facts
    if not facts.properties or not is_meeting(facts):
        return []
    if is_cancelled(facts):
        return ["RemoveItem"]
    return ["AcceptItem", "TentativelyAcceptItem", "DeclineItem"] if is_received(facts) else ["CancelCalendarItem"]


def _otherwise(name: str, value: str) -> Render:
    return kept(f"calendar:{name}", f"<t:{name}>{value}</t:{name}>")


_SPECIAL: dict[str, Render] = {
    "IsAllDayEvent": _otherwise("IsAllDayEvent", "false"),
    "LegacyFreeBusyStatus": _otherwise("LegacyFreeBusyStatus", "Busy"),
    "IsMeeting": lambda view: f"<t:IsMeeting>{boolean(is_meeting(view.facts))}</t:IsMeeting>",
    "IsCancelled": _otherwise("IsCancelled", "false"),
    "IsRecurring": _recurring,
    "MeetingRequestWasSent": _otherwise("MeetingRequestWasSent", "false"),
    "IsResponseRequested": _otherwise("IsResponseRequested", "false"),
    "CalendarItemType": _kind,
    "MyResponseType": _my_response,
    "Organizer": _organizer,
    "Duration": _duration,
    "AppointmentSequenceNumber": _otherwise("AppointmentSequenceNumber", "0"),
    "AppointmentState": _state,
    "FirstOccurrence": _end("FirstOccurrence", 0),
    "LastOccurrence": _end("LastOccurrence", 1),
    "ModifiedOccurrences": _modified,
    "DeletedOccurrences": _deleted,
    "StartWallClock": _wall_clock("Start"),
    "EndWallClock": _wall_clock("End"),
    "StartTimeZoneId": _zone_name("Start"),
    "EndTimeZoneId": _zone_name("End"),
}
_NEWER = frozenset({"StartWallClock", "EndWallClock", "StartTimeZoneId", "EndTimeZoneId"})


def since(path: str) -> str:
    """Give the version that a property of calendar items came with."""
    return "Exchange2013" if path.partition(":")[2] in _NEWER else "Exchange2007"


def renders() -> list[tuple[str, Render, bool]]:
    """Give every property in the schema's order: path, how it is written, whether Find and Sync give it."""
    return [(f"calendar:{one}", _SPECIAL.get(one) or kept(f"calendar:{one}"), one not in GET_ONLY) for one in ORDER]
