"""ResolveNames: entries of the directory whose address or name begins with what is given.

Source: wsr/resolvenames-operation; aliases are looked at only for `smtp:…`, wsr/unresolvedentry.
"""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.directory import Entry
from devtools.exchange_simulator.markup import text
from devtools.exchange_simulator.soap import ItemError, M, Piece

_ROUTED = "smtp:"


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message: Success for one mailbox, Warning for several, Error for none."""
    try:
        injected(call)
        given = (call.body.findtext(M + "UnresolvedEntry") or "").strip().casefold()
        found = [one for one in call.directory.entries() if _matches(one, given)]
        if not found:
            raise ItemError("ErrorNameResolutionNoResults", "No results were found.")
    except ItemError as error:
        return soap.answer(call.operation, [soap.failure(call.operation, error)])
    shown = [
        f'<m:ResolutionSet TotalItemsInView="{len(found)}" IncludesLastItemInRange="true">'
        f"{''.join(_resolution(one) for one in found[:100])}</m:ResolutionSet>"
    ]
    if len(found) == 1:
        return soap.answer(call.operation, [soap.success(call.operation, shown)])
    warning: list[Piece] = [
        '<m:ResolveNamesResponseMessage ResponseClass="Warning"><m:MessageText>Multiple results were found.'
        "</m:MessageText><m:ResponseCode>ErrorNameResolutionMultipleResults</m:ResponseCode>"
        "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>",
        *shown,
        "</m:ResolveNamesResponseMessage>",
    ]
    return soap.answer(call.operation, [warning])


def _matches(entry: Entry, given: str) -> bool:
    if given.startswith(_ROUTED):
        addresses = (entry.address, *entry.aliases)
        return any(one.casefold().startswith(given.removeprefix(_ROUTED)) for one in addresses)
    return any(one.casefold().startswith(given) for one in (entry.address, entry.name))


def _resolution(entry: Entry) -> str:
    return (
        f"<t:Resolution><t:Mailbox><t:Name>{text(entry.name)}</t:Name><t:EmailAddress>{text(entry.address)}"
        f"</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>{entry.mailbox_type}</t:MailboxType>"
        "</t:Mailbox></t:Resolution>"
    )
