"""exchangelib, the peer: an account by impersonation and Basic, and the same fields that our client asks for.

As released, exchangelib reads an answer through `requests`' `iter_content()` whose default is one byte at a time, and
hands lxml what it gathers (exchangelib/util.py: BytesGeneratorIO; services/common.py: _get_soap_parts). `Repaired` gives
pieces of 64 KiB instead; nothing else differs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import exchangelib
import requests
from exchangelib.extended_properties import ExtendedProperty
from exchangelib.items import Message
from exchangelib.services import GetItem

from bench.exchange_process import PASSWORD, USER

PIECE = 64 * 1024
_FIELDS = """
    parent_folder_id item_class subject sensitivity body text_body attachments datetime_received size categories
    importance in_reply_to is_draft datetime_sent datetime_created has_attachments conversation_id sender to_recipients
    cc_recipients bcc_recipients conversation_topic author message_id is_read references reply_to search_key
"""
FIELDS = tuple(_FIELDS.split())
"""What `shared/wire/ews/properties.py` asks for, in exchangelib's words."""


class _SearchKey(ExtendedProperty):  # type: ignore[misc]
    property_tag = "0x300B"
    property_type = "Binary"


Message.register("search_key", _SearchKey)


def account(address: str, url: str) -> Any:
    """An account as exchangelib documents it for a service account with impersonation; its version is given, not guessed."""
    configuration = exchangelib.Configuration(
        service_endpoint=url,
        credentials=exchangelib.Credentials(USER, PASSWORD),
        auth_type=exchangelib.BASIC,
        version=exchangelib.Version(exchangelib.Build(15, 1, 2507, 61)),
    )
    return exchangelib.Account(
        address,
        config=configuration,
        autodiscover=False,
        access_type=exchangelib.IMPERSONATION,
        default_timezone=exchangelib.UTC,
    )


def parse(owner: Any, answer: bytes) -> list[Any]:
    """The items of a GetItem answer, by exchangelib's own path from a `requests` response to its Message objects."""
    response = requests.Response()
    response.status_code = 200
    response._content = answer
    response._content_consumed = True
    service = GetItem(account=owner)
    _, body = service._get_soap_parts(response=response)
    messages = service._get_soap_messages(body=body)
    return list(service._elems_to_objs(service._get_elements_in_response(response=messages)))


@contextmanager
def repaired() -> Iterator[None]:
    """Let `requests` hand on pieces of 64 KiB where exchangelib asks for its default of one byte."""
    read = requests.Response.iter_content
    released = read.__defaults__
    read.__defaults__ = (PIECE, False)
    try:
        yield
    finally:
        read.__defaults__ = released
