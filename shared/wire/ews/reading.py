"""Reads an answer as its bytes come, by local names.

Entities, DTDs and the network are off; unknown elements, attributes and prefixes are passed over. PROTOCOL 1.3 and 14.
"""

from collections.abc import Callable, Iterator
from typing import cast

from lxml import etree

from shared.errors import Reconfigure, Transient
from shared.wire.ews.faults import SUCCESS, Refusal, error
from shared.wire.ews.soap_source import PARSER_OPTIONS, SoapSource

type Element = etree._Element
type Take = Callable[[Element], None]

_MOST_REMEMBERED = 1 << 21
_PATHS = frozenset({"FieldURI", "IndexedFieldURI", "ExtendedFieldURI"})


def local(element: Element) -> str:
    """The element's name without its namespace."""
    tag = element.tag
    return tag[tag.rfind("}") + 1 :]


def child(element: Element, name: str) -> Element | None:
    """The first child of that local name."""
    for found in element:
        tag = found.tag
        if tag.endswith(name) and local(found) == name:
            return found
    return None


def text(element: Element, name: str) -> str:
    """The text of the first child of that local name, empty where there is none."""
    found = child(element, name)
    return "" if found is None else found.text or ""


def truth(value: str | None) -> bool:
    """xs:boolean, which is `true` or `1`."""
    return value is not None and value.strip() in ("true", "1")


def number(value: str | None) -> int:
    """A whole number, 0 where it is none. Longer than any size or count is no number."""
    digits = (value or "").strip()
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 0


def refusal(message: Element) -> Refusal | None:
    """The refusal in a response message; None when the operation was done (also with a mere warning)."""
    response_class = message.get("ResponseClass")
    if response_class == "Success":
        return None
    code = text(message, "ResponseCode").strip()
    if code in ("", SUCCESS) and response_class != "Error":
        return None
    xml = child(message, "MessageXml")
    return Refusal(code, text(message, "MessageText").strip(), named_values(xml), named_paths(xml))


def named_values(message_xml: Element | None) -> dict[str, str]:
    """The `Value` elements of a MessageXml by their names."""
    if message_xml is None:
        return {}
    return {value.get("Name", ""): value.text or "" for value in message_xml if local(value) == "Value"}


def named_paths(message_xml: Element | None) -> tuple[str, ...]:
    """The property paths that a MessageXml names: the FieldURI, or the tag of an extended property."""
    found = () if message_xml is None else message_xml.iter()
    paths = [each for each in found if isinstance(each.tag, str) and local(each) in _PATHS]
    return tuple(name for path in paths if (name := path.get("FieldURI") or path.get("PropertyTag", "").lower()))


class Reader:
    """Reads one answer to an operation: `feed` the bytes in pieces of any size, then `close`.

    Each child of the first element named `container` goes to `take` as soon as it is whole, and is forgotten some
    megabytes later, so that an answer of any length needs little memory. Only errors of `shared/errors.py` come out.
    """

    def __init__(self, operation: str, container: str = "ResponseMessages", take: Take | None = None) -> None:
        # Start events alone cost nothing: lxml would stop at the end of each element to look whether it is wanted.
        self._parser = etree.XMLPullParser(events=("start",), tag=f"{{*}}{container}", **PARSER_OPTIONS)
        self._source = SoapSource(self._parser)
        self._container: Element | None = None
        self._take = take
        self._taken: Element | None = None
        self._name = f"{operation}Response"
        self._remembered = 0

    def feed(self, data: bytes) -> None:
        """Read the next piece."""
        self._source.feed(data)
        if self._take is not None:
            self._hand_over(self._take)
            self._remembered += len(data)
            if self._remembered > _MOST_REMEMBERED:
                self._forget()

    def close(self) -> tuple[Element, ...]:
        """Say that the answer is complete: its response messages. Raises what is wrong with it, or the server's fault."""
        body = child(cast("Element", self._source.close()), "Body")
        response = None if body is None else next(iter(body), None)
        if response is not None and local(response) == "Fault":
            raise error(read_fault(response))
        if response is not None and local(response) != self._name and local(response).endswith("Response"):
            # Quirk: what an earlier request on this connection was answered with once more.
            raise Transient("connection-lost", f"{local(response)} came in the place of {self._name}")
        messages = None if response is None else child(response, "ResponseMessages")
        if messages is None:
            raise Reconfigure("not-exchange", "the answer is SOAP, but not the answer to what was asked")
        if self._take is not None:
            self._hand_over(self._take, complete=True)
        return tuple(messages)

    def close_one(self) -> Element:
        """Like `close`, for an answer of one message. Raises what the message refuses."""
        messages = self.close()
        if not messages:
            raise Reconfigure("not-exchange", "the answer holds no response message")
        if refused := refusal(messages[0]):
            raise error(refused)
        return messages[0]

    def _hand_over(self, take: Take, *, complete: bool = False) -> None:
        """Take each new child of the container but the last one, to which the parser may still add."""
        element = self._first() if self._taken is None else self._taken.getnext()
        while element is not None:
            following = element.getnext()
            if following is None and not complete:
                break
            take(element)
            self._taken, element = element, following

    def _first(self) -> Element | None:
        if self._container is None:
            started = cast("Iterator[tuple[str, Element]]", self._parser.read_events())
            self._container = next((element for _, element in started), None)
        return None if self._container is None else next(iter(self._container), None)

    def _forget(self) -> None:
        """Drop what was taken. Not each element at once: freeing a tree in one go is much cheaper, and most are small."""
        if self._container is not None and self._taken is not None:
            del self._container[: self._container.index(self._taken) + 1]
            self._taken, self._remembered = None, 0


def read_fault(fault: Element) -> Refusal:
    """A SOAP fault as a refusal. Quirk: without detail, the response code may stand in faultcode, or nowhere."""
    detail = child(fault, "detail")
    said = text(fault, "faultstring").strip()
    code = text(fault, "faultcode").strip().rpartition(":")[2]
    if detail is None:
        return Refusal(code if code.startswith("Error") else "", said)
    xml = child(detail, "MessageXml")
    return Refusal(
        text(detail, "ResponseCode").strip() or (code if code.startswith("Error") else ""),
        text(detail, "Message").strip() or said,
        named_values(xml),
        named_paths(xml),
    )
