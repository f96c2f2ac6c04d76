"""MAPI properties that are another name of what EWS has: what is written by the one name is read by the other."""

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, INBOX, T, Talk, item_shape, mail

FLAG = '<t:ExtendedFieldURI PropertyTag="0x1090" PropertyType="Integer"/>'
KEYWORDS = '<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="Keywords" PropertyType="StringArray"/>'
CLASS = '<t:ExtendedFieldURI PropertyTag="0x3613" PropertyType="String"/>'
CONTACT = [
    ('<t:ExtendedFieldURI PropertyTag="0x3a06" PropertyType="String"/>', "Carla", "contacts:GivenName"),
    ('<t:ExtendedFieldURI PropertyTag="0x3a1c" PropertyType="String"/>', "+1 555 0101", "contacts:PhoneNumbers"),
    (
        '<t:ExtendedFieldURI DistinguishedPropertySetId="Address" PropertyId="32837" PropertyType="String"/>',
        "1 <Main> Street",
        "contacts:PhysicalAddresses",
    ),
    (
        '<t:ExtendedFieldURI PropertyTag="0x3a42" PropertyType="SystemTime"/>',
        "1980-04-05T00:00:00Z",
        "contacts:Birthday",
    ),
    ('<t:ExtendedFieldURI PropertyTag="0x1000" PropertyType="String"/>', "Pays on time", "item:Body"),
]


def prop(field: str, value: str) -> str:
    return f"<t:ExtendedProperty>{field}{value}</t:ExtendedProperty>"


async def update(talk: Talk, item: str, field: str, value: str) -> list[str]:
    change = f"<t:SetItemField>{field}<t:Message>{prop(field, value)}</t:Message></t:SetItemField>"
    answer = await talk.ask(
        '<m:UpdateItem MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"><m:ItemChanges>'
        f'<t:ItemChange><t:ItemId Id="{item}"/><t:Updates>{change}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>'
    )
    return answer.codes


async def test_the_flag_status_is_the_flag(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    assert await update(talk, item, FLAG, "<t:Value>2</t:Value>") == ["NoError"]
    shown = await talk.get_item(item, shape=item_shape("item:Flag", base="IdOnly", fields=FLAG))
    assert (shown.texts(T + "FlagStatus"), shown.texts(T + "Value")) == (["Flagged"], ["2"])
    exchange.flag(ALICE, item, flag="NotFlagged")
    assert (await talk.get_item(item, shape=item_shape(base="IdOnly", fields=FLAG))).texts(T + "Value") == []


async def test_keywords_are_the_categories(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail(), categories=["Clients"])
    written = "<t:Values><t:Value>Clients</t:Value><t:Value>2026</t:Value></t:Values>"
    assert await update(talk, item, KEYWORDS, written) == ["NoError"]
    shown = await talk.get_item(item, shape=item_shape("item:Categories", base="IdOnly", fields=KEYWORDS))
    assert shown.texts(T + "String") == shown.texts(T + "Value") == ["Clients", "2026"]


@pytest.mark.parametrize(("field", "value", "path"), CONTACT)
async def test_a_contact_has_each_name_and_number_once(talk: Talk, field: str, value: str, path: str) -> None:
    escaped = value.replace("<", "&lt;").replace(">", "&gt;")
    contact = f"<t:Contact>{prop(field, f'<t:Value>{escaped}</t:Value>')}</t:Contact>"
    created = await talk.ask(f"<m:CreateItem><m:Items>{contact}</m:Items></m:CreateItem>")
    shown = await talk.get_item(*created.ids(), shape=item_shape(path, base="IdOnly", fields=field))
    assert shown.texts(T + "Value") == [value]
    found = "".join(str(one) for one in shown.one(T + path.partition(":")[2]).itertext())
    assert found == value


async def test_a_time_that_is_none_is_refused(talk: Talk) -> None:
    contact = f"<t:Contact>{prop(CONTACT[3][0], '<t:Value>soon</t:Value>')}</t:Contact>"
    created = await talk.ask(f"<m:CreateItem><m:Items>{contact}</m:Items></m:CreateItem>")
    assert created.codes == ["ErrorInvalidValueForProperty"]


async def test_article_numbers_grow_and_stay(exchange: ExchangeSimulator, talk: Talk) -> None:
    number = '<t:ExtendedFieldURI PropertyTag="0x0e23" PropertyType="Integer"/>'
    items = [exchange.deliver(ALICE, mail()) for _ in range(3)]
    shape = item_shape(base="IdOnly", fields=number)
    before = (await talk.get_item(*items, shape=shape)).texts(T + "Value")
    exchange.flag(ALICE, items[0], read=True)
    assert (await talk.get_item(*items, shape=shape)).texts(T + "Value") == before
    assert [int(one) for one in before] == sorted({int(one) for one in before})


@pytest.mark.parametrize(
    ("restriction", "found"),
    [
        (
            f'<t:IsEqualTo>{CLASS}<t:FieldURIOrConstant><t:Constant Value="IPF.Contact"/></t:FieldURIOrConstant></t:IsEqualTo>',
            ["Contacts"],
        ),
        (
            f"<t:Not><t:Exists>{CLASS}</t:Exists></t:Not>",
            [],
        ),
        (
            '<t:Contains ContainmentMode="Prefixed" ContainmentComparison="IgnoreCase"><t:FieldURI '
            'FieldURI="folder:DisplayName"/><t:Constant Value="in"/></t:Contains>',
            ["Inbox"],
        ),
    ],
)
async def test_folders_are_restricted_as_items_are(talk: Talk, restriction: str, found: list[str]) -> None:
    shape = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    answer = await talk.ask(
        f'<m:FindFolder Traversal="Shallow">{shape}<m:Restriction>{restriction}</m:Restriction><m:ParentFolderIds>'
        '<t:DistinguishedFolderId Id="msgfolderroot"/></m:ParentFolderIds></m:FindFolder>'
    )
    assert answer.texts(T + "DisplayName") == found


async def test_a_folder_tells_its_class_and_counts_by_their_tags(exchange: ExchangeSimulator, talk: Talk) -> None:
    exchange.deliver(ALICE, mail())
    exchange.deliver(ALICE, mail(), read=True)
    exchange.add_folder(ALICE, "Projects", parent="inbox")
    tags = (("0x3613", "String"), ("0x3602", "Integer"), ("0x3603", "Integer"), ("0x360a", "Boolean"))
    fields = "".join(f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="{kind}"/>' for tag, kind in tags)
    additional = f"<t:AdditionalProperties>{fields}</t:AdditionalProperties>"
    answer = await talk.ask(
        f"<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>{additional}</m:FolderShape>"
        f"<m:FolderIds>{INBOX}</m:FolderIds></m:GetFolder>"
    )
    assert answer.texts(T + "Value") == ["IPF.Note", "2", "1", "true"]


async def test_a_converted_id_names_the_mailbox_that_it_is_of(exchange: ExchangeSimulator, talk: Talk) -> None:
    known = exchange.folder_id(ALICE, "inbox")
    source = f'<t:AlternateId Format="EwsId" Id="{known}" Mailbox="nobody@contoso.example"/>'
    answer = await talk.ask(f'<m:ConvertId DestinationFormat="EwsId"><m:SourceIds>{source}</m:SourceIds></m:ConvertId>')
    assert answer.one("{*}AlternateId").get("Mailbox") == ALICE
