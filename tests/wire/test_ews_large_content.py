"""An attachment of any size goes through in pieces: nothing is kept that grows with it."""

import tracemalloc
from base64 import b64encode

import pytest

from shared.errors import Permanent, Transient
from shared.wire.ews import get_attachment, sync_folder_items

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
START = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><GetAttachmentResponse><ResponseMessages>'
    '<GetAttachmentResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode><Attachments>'
    "<FileAttachment><Name>Content</Name><Content>"
).encode()
END = (
    b"</Content></FileAttachment></Attachments></GetAttachmentResponseMessage></ResponseMessages>"
    b"</GetAttachmentResponse></s:Body></s:Envelope>"
)
BLOCK = bytes(range(256)) * 192


@pytest.mark.parametrize("line", [b"", b"\r\n"])
def test_a_hundred_megabytes_in_flat_memory(line: bytes) -> None:
    encoded = b64encode(BLOCK) + line
    answer = get_attachment.Answer()
    answer.feed(START)
    length = 0
    tracemalloc.start()
    for _ in range(100_000_000 // len(BLOCK) + 1):
        length += len(answer.feed(encoded))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    length += len(answer.feed(END)) + len(answer.close())
    assert length > 100_000_000
    assert length % len(BLOCK) == 0
    assert peak < 2_000_000


def test_a_content_that_is_cut_off_is_no_content() -> None:
    answer = get_attachment.Answer()
    answer.feed(START + b64encode(BLOCK))
    with pytest.raises(Transient, match="answer-truncated"):
        answer.close()


def test_a_content_that_is_no_base64_is_corrupt() -> None:
    answer = get_attachment.Answer()
    with pytest.raises(Permanent, match="item-corrupt"):
        answer.feed(START + b"AAAAA" + END)
        answer.close()


def test_a_page_of_many_megabytes_is_read_in_order_and_forgotten() -> None:
    stub = '<Create><Message><ItemId Id="I{0}" ChangeKey="K"/><Size>{0}</Size></Message></Create>'
    start = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><SyncFolderItemsResponse><ResponseMessages>'
        '<SyncFolderItemsResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode>'
        "<SyncState>S1</SyncState><IncludesLastItemInRange>false</IncludesLastItemInRange><Changes>"
    )
    end = (
        "</Changes></SyncFolderItemsResponseMessage></ResponseMessages></SyncFolderItemsResponse></s:Body></s:Envelope>"
    )
    numbers = range(60_000)
    page = (start + "".join(stub.format(number) for number in numbers) + end).encode()
    answer = sync_folder_items.Answer()
    for place in range(0, len(page), 1 << 16):
        answer.feed(page[place : place + (1 << 16)])
    changes = answer.close()
    assert len(page) > 4_000_000
    assert [stub.size for stub in changes.created] == list(numbers)
    assert (changes.state, changes.is_last) == ("S1", False)
