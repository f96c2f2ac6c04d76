"""FindItem: restrictions, order and honest pages."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, INBOX, M, T, Talk, item_shape, mail

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SUBJECT = item_shape("item:Subject", base="IdOnly")


def compare(operator: str, path: str, value: str) -> str:
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    return f"<t:{operator}>{path}{constant}</t:{operator}>"


def field(name: str) -> str:
    return f'<t:FieldURI FieldURI="{name}"/>'


def where(expression: str) -> str:
    return f"<m:Restriction>{expression}</m:Restriction>"


def contains(name: str, value: str, mode: str = "Substring", comparison: str = "IgnoreCase") -> str:
    how = f'ContainmentMode="{mode}" ContainmentComparison="{comparison}"'
    return f'<t:Contains {how}>{field(name)}<t:Constant Value="{value}"/></t:Contains>'


@pytest.fixture
def four(exchange: ExchangeSimulator) -> list[str]:
    """Four messages, an hour apart, the last at noon."""
    words = ("red Offer", "blue offer", "Invoice", "offering")
    return [
        exchange.deliver(
            ALICE,
            mail(word, headers=f"Message-ID: <{number}@x>\r\n"),
            received=NOON - timedelta(hours=3 - number),
            read=number % 2 == 0,
            importance=("Low", "High", "Normal", "High")[number],
            categories=("Key",) if number == 2 else (),
        )
        for number, word in enumerate(words)
    ]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (compare("IsGreaterThan", field("item:DateTimeReceived"), "2026-11-20T10:00:00Z"), [2, 3]),
        (compare("IsGreaterThanOrEqualTo", field("item:DateTimeReceived"), "2026-11-20T11:00:00+01:00"), [1, 2, 3]),
        (compare("IsEqualTo", field("message:InternetMessageId"), "&lt;2@x&gt;"), [2]),
        (compare("IsEqualTo", field("message:IsRead"), "true"), [0, 2]),
        (compare("IsNotEqualTo", field("item:Importance"), "High"), [0, 2]),
        (compare("IsEqualTo", field("item:Categories"), "key"), [2]),
        (
            f"<t:And>{contains('item:Subject', 'offer')}{compare('IsLessThan', field('item:Size'), '100000')}</t:And>",
            [0, 1, 3],
        ),
        (f"<t:Or>{contains('item:Subject', 'blue')}{contains('item:Subject', 'inv', 'Prefixed')}</t:Or>", [1, 2]),
        (f"<t:Not>{contains('item:Subject', 'offer', 'ExactPhrase')}</t:Not>", [2, 3]),
        (contains("item:Subject", "offer", "PrefixOnWords"), [0, 1, 3]),
        (contains("item:Subject", "Offer", "Substring", "Exact"), [0]),
        (contains("item:Subject", "invoice", "FullString"), [2]),
        (f"<t:Exists>{field('item:Categories')}</t:Exists>", [2]),
        (compare("IsEqualTo", '<t:ExtendedFieldURI PropertyTag="0x1035" PropertyType="String"/>', "&lt;1@x&gt;"), [1]),
    ],
)
async def test_restrictions(talk: Talk, four: list[str], expression: str, found: list[int]) -> None:
    answer = await talk.find(where(expression))
    assert answer.codes == ["NoError"]
    assert answer.ids() == [four[number] for number in reversed(found)]


async def test_a_search_key_finds_the_moved_item(exchange: ExchangeSimulator, talk: Talk, four: list[str]) -> None:
    key = base64.b64encode(bytes.fromhex(exchange.items(ALICE)[1].search_key)).decode()
    moved = exchange.move(ALICE, four[1], "archive")
    by_key = where(compare("IsEqualTo", '<t:ExtendedFieldURI PropertyTag="0x300B" PropertyType="Binary"/>', key))
    answer = await talk.find(by_key, folders=f'{INBOX}<t:DistinguishedFolderId Id="archive"/>')
    assert [len(message.findall(f".//{T}ItemId")) for message in answer.messages] == [0, 1]
    assert answer.ids() == [moved]


async def test_order_is_newest_received_first_unless_asked_otherwise(talk: Talk, four: list[str]) -> None:
    assert (await talk.find()).ids() == four[::-1]
    order = (
        f'<m:SortOrder><t:FieldOrder Order="Descending">{field("item:Importance")}</t:FieldOrder>'
        f'<t:FieldOrder Order="Ascending">{field("item:DateTimeReceived")}</t:FieldOrder></m:SortOrder>'
    )
    assert (await talk.find(order)).ids() == [four[1], four[3], four[2], four[0]]


async def test_pages_follow_the_returned_offset(talk: Talk, four: list[str]) -> None:
    found: list[str] = []
    offset, last = 0, False
    while not last:
        answer = await talk.find(size=3, offset=offset)
        root = answer.one(M + "RootFolder")
        assert root.get("TotalItemsInView") == "4"
        found += answer.ids()
        offset, last = int(root.get("IndexedPagingOffset") or ""), root.get("IncludesLastItemInRange") == "true"
    assert found == four[::-1]
    beyond = (await talk.find(offset=10)).one(M + "RootFolder")
    assert beyond.get("IncludesLastItemInRange") == "true"


async def test_a_page_has_1000_items_or_250_with_a_restriction(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.fill(ALICE, 1200, size=2000)
    assert len((await talk.find(size=5000)).ids()) == 1000
    old = where(compare("IsGreaterThan", field("item:DateTimeReceived"), "2001-01-01T00:00:00Z"))
    answer = await talk.find(old, size=5000)
    assert len(answer.ids()) == 250
    assert answer.one(M + "RootFolder").get("IncludesLastItemInRange") == "false"


@pytest.mark.parametrize(
    "path", ["item:Body", "item:Attachments", "message:ToRecipients", "item:InternetMessageHeaders", "item:MimeContent"]
)
async def test_what_only_get_item_gives_is_refused_by_find_and_empty_in_sync(
    talk: Talk, four: list[str], path: str
) -> None:
    find, sync = await talk.find(shape=item_shape(path)), await talk.sync(shape=item_shape(path))
    assert find.codes == ["ErrorInvalidPropertyRequest"]
    assert find.one(f"{M}MessageXml/{T}FieldURI").get("FieldURI") == path
    assert (sync.codes, len(sync.ids())) == (["NoError"], 4)
    assert sync.all(T + path.partition(":")[2]) == []


async def test_long_strings_are_cut_in_find_but_not_in_get(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail("x" * 400))
    assert len((await talk.find(shape=SUBJECT)).texts(T + "Subject")[0]) == 255
    assert len((await talk.get_item(item, shape=SUBJECT)).texts(T + "Subject")[0]) == 400


async def test_an_overlong_restriction_is_refused(talk: Talk, four: list[str]) -> None:
    many = "".join(contains("item:Subject", str(number)) for number in range(130))
    assert (await talk.find(where(f"<t:Or>{many}</t:Or>"))).codes == ["ErrorRestrictionTooLong"]
