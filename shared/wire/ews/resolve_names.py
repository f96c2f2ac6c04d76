"""ResolveNames: what the directory knows under an address.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/resolvenames-operation
"""

from collections.abc import Iterator

from shared.model.exchange import Resolved
from shared.wire.ews import envelope
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import error
from shared.wire.ews.legal_text import content
from shared.wire.ews.reading import Element, Reader, child, refusal, text

NAME = "ResolveNames"

_NOTHING = "ErrorNameResolutionNoResults", "ErrorNameResolutionNoMailbox"
# Quirk: more than one entry comes as a warning with an error code; the entries are there all the same.
_SEVERAL = "ErrorNameResolutionMultipleResults"


def request(header: Header, address: str) -> bytes:
    """Ask the directory for the entries with this address.

    Quirk: without `smtp:` before it an alias is not found, and with it all addresses that begin alike are.
    https://learn.microsoft.com/exchange/client-developer/web-service-reference/unresolvedentry
    """
    return envelope.request(
        header,
        '<m:ResolveNames ReturnFullContactData="false" SearchScope="ActiveDirectory">'
        f"<m:UnresolvedEntry>smtp:{content(address)}</m:UnresolvedEntry></m:ResolveNames>",
    )


class Answer:
    """Reads the entries; none is an ordinary answer."""

    def __init__(self) -> None:
        self._reader = Reader(NAME)
        self.feed = self._reader.feed

    def close(self) -> tuple[Resolved, ...]:
        """The entries, once the answer is complete."""
        return tuple(entry for message in self._reader.close() for entry in _entries(message))


def _entries(message: Element) -> Iterator[Resolved]:
    refused = refusal(message)
    if refused and refused.exchange_code not in (_SEVERAL, *_NOTHING):
        raise error(refused)
    found = child(message, "ResolutionSet")
    for resolution in () if found is None else found:
        mailbox = child(resolution, "Mailbox")
        if mailbox is not None:
            yield Resolved(text(mailbox, "EmailAddress"), text(mailbox, "Name"), text(mailbox, "MailboxType"))
