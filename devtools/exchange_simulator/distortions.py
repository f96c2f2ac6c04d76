"""Answers that a careful client must survive: what PROTOCOL 14 lists, put into good answers on demand."""

import re
from collections.abc import Iterable, Iterator

from devtools.exchange_simulator.fault_injection import Plan
from devtools.exchange_simulator.soap import Piece

_STAMP = re.compile(r"(>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z<")
_ITEM = re.compile(r"<t:(Message|MeetingRequest|MeetingResponse|MeetingCancellation|Item)>")


def distorted(pieces: Iterable[Piece], plan: Plan, gaps: frozenset[str] = frozenset()) -> Iterable[Piece]:
    """Change the text of an answer as the plan and the server's gaps say; streamed contents stay."""
    kinds = [
        kind for kind in ("illegal_characters", "unknown_elements", "nine_digits") if plan.get(kind) or kind in gaps
    ]
    return _each(pieces, kinds) if kinds else pieces


def _each(pieces: Iterable[Piece], kinds: list[str]) -> Iterator[Piece]:
    for piece in pieces:
        text = piece
        for kind in kinds:
            text = _CHANGES[kind](text) if isinstance(text, str) else text
        yield text


def _illegal_characters(text: str) -> str:
    return text.replace("<t:Subject>", "<t:Subject>&#x1F;\x0b\x01&#x0;")


def _unknown_elements(text: str) -> str:
    text = _ITEM.sub(r'<t:\1 FutureAttribute="1">', text)
    text = text.replace("</t:Subject>", "</t:Subject><t:FutureProperty><t:Inner>new</t:Inner></t:FutureProperty>")
    return text.replace(
        "<m:ResponseCode>NoError</m:ResponseCode>",
        '<m:ResponseCode>NoError</m:ResponseCode><f:Future xmlns:f="urn:future">x</f:Future>',
    )


def _nine_digits(text: str) -> str:
    return _STAMP.sub(r"\1.123456789Z<", text)


_CHANGES = {
    "illegal_characters": _illegal_characters,
    "unknown_elements": _unknown_elements,
    "nine_digits": _nine_digits,
}
