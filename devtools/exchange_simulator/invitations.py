"""Whether meeting mail is to be sent: the attribute that writing calendar items must have (PROTOCOL 11.1)."""

from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.soap import ItemError

_MISSING = {
    "SendMeetingInvitations": "ErrorSendMeetingInvitationsRequired",
    "SendMeetingInvitationsOrCancellations": "ErrorSendMeetingInvitationsOrCancellationsRequired",
    "SendMeetingCancellations": "ErrorSendMeetingCancellationsRequired",
}


def check_invitations(call: Call, attribute: str) -> None:
    """Raise ItemError when the attribute is missing, or asks for meeting mail, which is not simulated."""
    asked = call.body.get(attribute)
    if asked is None:
        raise ItemError(_MISSING[attribute], f"{attribute} is required for calendar items.")
    if asked != "SendToNone":
        raise ItemError("ErrorInvalidOperation", "Meeting mail is not simulated: only SendToNone.")
