"""Whether meeting mail is to be sent: the attribute that writing calendar items must have (PROTOCOL 11.1)."""

from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.scheduling import Meetings
from devtools.exchange_simulator.soap import ItemError

_MISSING = {
    "SendMeetingInvitations": "ErrorSendMeetingInvitationsRequired",
    "SendMeetingInvitationsOrCancellations": "ErrorSendMeetingInvitationsOrCancellationsRequired",
    "SendMeetingCancellations": "ErrorSendMeetingCancellationsRequired",
}


def invitations(call: Call, attribute: str) -> Meetings:
    """Give the organizer's verbs as the attribute wants them. Raises ItemError when it is missing."""
    asked = call.body.get(attribute)
    if asked is None:
        raise ItemError(_MISSING[attribute], f"{attribute} is required for calendar items.")
    return Meetings(call.directory, call.mailbox, asked)
