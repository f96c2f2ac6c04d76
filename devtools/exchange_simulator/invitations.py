"""Whether meeting mail is to be sent: the attribute that writing calendar items must have (PROTOCOL 11.1)."""

from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.soap import ItemError

_MISSING = {
    "SendMeetingInvitations": "ErrorSendMeetingInvitationsRequired",
    "SendMeetingInvitationsOrCancellations": "ErrorSendMeetingInvitationsOrCancellationsRequired",
    "SendMeetingCancellations": "ErrorSendMeetingCancellationsRequired",
}
_ATTENDEES = ("RequiredAttendees", "OptionalAttendees", "Resources")


def check_invitations(call: Call, attribute: str, item: Item | None = None) -> None:
    """Raise ItemError when the attribute is missing, or asks for meeting mail, which is not simulated.

    An item that nobody was invited to has nobody to write to, whatever is asked.
    """
    asked = call.body.get(attribute)
    if asked is None:
        raise ItemError(_MISSING[attribute], f"{attribute} is required for calendar items.")
    if asked != "SendToNone" and (item is None or _somebody_is_invited(item)):
        raise ItemError("ErrorInvalidOperation", "Meeting mail is not simulated: only SendToNone.")


def _somebody_is_invited(item: Item) -> bool:
    return any(f"calendar:{name}" in item.facts().properties for name in _ATTENDEES)
