"""Subscribe: ask for push notifications. PROTOCOL 4.1 and 4.2.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/subscribe-operation
"""

from collections.abc import Sequence

from shared.model.exchange import Subscribed
from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.folders import folder_ids
from shared.wire.ews.legal_text import content
from shared.wire.ews.reading import Reader, text

NAME = "Subscribe"

_EVENTS = "NewMailEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "CopiedEvent"


def request(header: Header, folders: Sequence[str], *, url: str, frequency_minutes: int) -> bytes:
    """Ask that events of these folders be pushed to `url`, and a status event at least every 1 to 1440 minutes.

    Quirk: the official sample has no namespaces and is invalid; StatusFrequency is required, whatever the text says.
    """
    events = "".join(f"<t:EventType>{event}</t:EventType>" for event in _EVENTS)
    return envelope.request(
        header,
        f"<m:Subscribe><m:PushSubscriptionRequest><t:FolderIds>{folder_ids(folders)}</t:FolderIds>"
        f"<t:EventTypes>{events}</t:EventTypes><t:StatusFrequency>{frequency_minutes}</t:StatusFrequency>"
        f"<t:URL>{content(url)}</t:URL></m:PushSubscriptionRequest></m:Subscribe>",
    )


class Answer:
    """Reads the new subscription's id and watermark."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> Subscribed:
        """The subscription, once the answer is complete. Quirk: some servers give no watermark."""
        message = self._reader.close_one()
        return Subscribed(text(message, "SubscriptionId"), text(message, "Watermark"))
