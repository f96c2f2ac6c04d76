"""ResolveNames: mailboxes whose address or name begins with what is given. Source: wsr/resolvenames-operation."""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.batches import injected
from devtools.exchange_simulator.call import Call
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import text
from devtools.exchange_simulator.soap import ItemError, M, Piece


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message: Success for one mailbox, Warning for several, Error for none."""
    try:
        injected(call)
        entry = (call.body.findtext(M + "UnresolvedEntry") or "").strip().casefold().removeprefix("smtp:")
        found = [one for one in call.directory.mailboxes.values() if _matches(one, entry)]
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


def _matches(mailbox: Mailbox, entry: str) -> bool:
    return any(one.casefold().startswith(entry) for one in (mailbox.address, mailbox.name, *mailbox.aliases))


def _resolution(mailbox: Mailbox) -> str:
    return (
        f"<t:Resolution><t:Mailbox><t:Name>{text(mailbox.name)}</t:Name><t:EmailAddress>{text(mailbox.address)}"
        "</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>"
        "</t:Resolution>"
    )
