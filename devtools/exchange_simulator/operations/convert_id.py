"""ConvertId: ids from one format to another; whether the item exists is not asked. Source: wsr/convertid-operation."""

from collections.abc import Iterable

from lxml import etree

from devtools.exchange_simulator.alternate_ids import read_alternate, write_alternate
from devtools.exchange_simulator.batches import answered
from devtools.exchange_simulator.call import Call, elements
from devtools.exchange_simulator.identifiers import MalformedId
from devtools.exchange_simulator.markup import attribute
from devtools.exchange_simulator.soap import Element, ItemError, M, Piece

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message per id.

    The mailbox of the answer is the one that the id is of, whatever address the request gives: this is how DavMail
    learns the primary address of whoever signed in, with an address that is nobody's.
    """
    wanted = call.body.get("DestinationFormat") or "EwsId"

    def one(element: Element) -> list[Piece]:
        if etree.QName(element).localname != "AlternateId":
            raise ItemError("ErrorInvalidOperation", "Ids of public folders are not simulated.")
        try:
            known, ews_id = read_alternate(element.get("Format") or "", element.get("Id") or "")
        except MalformedId as error:
            raise ItemError("ErrorInvalidIdMalformed", "The id is malformed.") from error
        box = call.directory.owner(known.mailbox)
        if box is None:
            raise ItemError("ErrorNonExistentMailbox", "The id is of no mailbox that is here.")
        given = (
            f'Format="{wanted}" Id="{attribute(write_alternate(wanted, ews_id))}" Mailbox="{attribute(box.address)}"'
        )
        return [f'<m:AlternateId xmlns:xsi="{_XSI}" xsi:type="t:AlternateIdType" {given}/>']

    return answered(call, elements(call.body.find(M + "SourceIds")), one)
