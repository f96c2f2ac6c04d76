"""MoveItem, CopyItem, DeleteItem, UpdateItem, CreateItem and ResolveNames over the wire."""

import base64

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, BOB, Answer, M, T, Talk, item_shape, mail

ARCHIVE = '<m:ToFolderId><t:DistinguishedFolderId Id="archive"/></m:ToFolderId>'
READ = '<t:SetItemField><t:FieldURI FieldURI="message:IsRead"/><t:Message><t:IsRead>true</t:IsRead></t:Message></t:SetItemField>'


def ids(*items: str) -> str:
    return f"<m:ItemIds>{''.join(f'<t:ItemId Id="{one}"/>' for one in items)}</m:ItemIds>"


async def update(talk: Talk, item: str, updates: str, *, key: str = "", resolution: str = "AutoResolve") -> Answer:
    change_key = f' ChangeKey="{key}"' if key else ""
    return await talk.ask(
        f'<m:UpdateItem ConflictResolution="{resolution}" MessageDisposition="SaveOnly"><m:ItemChanges><t:ItemChange>'
        f'<t:ItemId Id="{item}"{change_key}/><t:Updates>{updates}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>'
    )


async def test_move_and_copy_answer_the_new_ids(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    copied = (await talk.ask(f"<m:CopyItem>{ARCHIVE}{ids(item)}</m:CopyItem>")).ids()
    moved = await talk.ask(f"<m:MoveItem>{ARCHIVE}{ids(item, item)}</m:MoveItem>")
    assert moved.codes == ["NoError", "ErrorItemNotFound"]
    assert [row.id for row in exchange.items(ALICE, "archive")] == [*copied, *moved.ids()]


async def test_each_way_to_delete(exchange: ExchangeSimulator, talk: Talk) -> None:
    for way, folder in (
        ("MoveToDeletedItems", "deleteditems"),
        ("SoftDelete", "recoverableitemsdeletions"),
        ("HardDelete", None),
    ):
        item = exchange.deliver(ALICE, mail(way))
        assert (await talk.ask(f'<m:DeleteItem DeleteType="{way}">{ids(item)}</m:DeleteItem>')).codes == ["NoError"]
        assert exchange.items(ALICE) == []
        assert folder is None or [row.subject for row in exchange.items(ALICE, folder)] == [way]


async def test_update_changes_what_it_names(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    own = 'DistinguishedPropertySetId="PublicStrings" PropertyName="MySyncId" PropertyType="String"'
    field = f"<t:ExtendedFieldURI {own}/>"
    updates = READ + (
        '<t:SetItemField><t:FieldURI FieldURI="item:Categories"/><t:Message><t:Categories><t:String>A</t:String>'
        "</t:Categories></t:Message></t:SetItemField>"
        f"<t:SetItemField>{field}<t:Message><t:ExtendedProperty>{field}<t:Value>1</t:Value></t:ExtendedProperty>"
        "</t:Message></t:SetItemField>"
    )
    before = exchange.items(ALICE)[0].change_key
    assert (await update(talk, item, updates)).codes == ["ErrorChangeKeyRequiredForWriteOperations"]
    answer = await update(talk, item, updates, key=before)
    assert answer.codes == ["NoError"]
    (row,) = exchange.items(ALICE)
    assert (row.is_read, row.categories, row.change_key) == (True, ("A",), answer.one(T + "ItemId").get("ChangeKey"))
    shown = await talk.get_item(item, shape=item_shape(base="IdOnly", fields=field))
    assert shown.texts(T + "Value") == ["1"]
    assert (await update(talk, item, READ, key=before)).codes == ["ErrorIrresolvableConflict"]


async def test_what_cannot_be_updated(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    updates = (
        '<t:SetItemField><t:FieldURI FieldURI="item:Size"/><t:Message><t:Size>1</t:Size></t:Message></t:SetItemField>'
    )
    assert (await update(talk, item, updates, resolution="AlwaysOverwrite")).codes == ["ErrorInvalidPropertySet"]


async def test_create_a_message_from_mime(exchange: ExchangeSimulator, talk: Talk) -> None:
    mime = base64.b64encode(mail("Draft")).decode()

    async def create(disposition: str) -> Answer:
        return await talk.ask(
            f'<m:CreateItem MessageDisposition="{disposition}"><m:Items><t:Message><t:MimeContent>{mime}</t:MimeContent>'
            "</t:Message></m:Items></m:CreateItem>"
        )

    (created,) = (await create("SaveOnly")).ids()
    shown = await talk.get_item(created)
    assert (shown.texts(T + "Subject"), shown.texts(T + "IsDraft")) == (["Draft"], ["true"])
    assert [row.id for row in exchange.items(ALICE, "drafts")] == [created]
    # The mail's author is a customer: Alice may keep it as a draft, but not send it.
    assert (await create("SendOnly")).codes == ["ErrorSendAsDenied"]


async def test_resolve_names(exchange: ExchangeSimulator, talk: Talk) -> None:
    async def resolve(entry: str) -> Answer:
        return await talk.ask(
            f'<m:ResolveNames ReturnFullContactData="false"><m:UnresolvedEntry>{entry}</m:UnresolvedEntry></m:ResolveNames>'
        )

    one = await resolve(BOB)
    assert (one.codes, one.texts(T + "EmailAddress")) == (["NoError"], [BOB])
    exchange.add_mailbox("bobby@contoso.example")
    several = await resolve("bob")
    assert several.codes == ["ErrorNameResolutionMultipleResults"]
    assert several.one(M + "ResolutionSet").get("TotalItemsInView") == "2"
    assert (await resolve("zoe")).codes == ["ErrorNameResolutionNoResults"]
    exchange.add_mailbox("dora@contoso.example", aliases=["chuck@contoso.example"])
    exchange.add_entry("sales@contoso.example", "PublicDL")
    assert (await resolve("chuck@contoso.example")).codes == ["ErrorNameResolutionNoResults"]
    by_alias = await resolve("smtp:chuck@contoso.example")
    assert by_alias.texts(T + "EmailAddress") == ["dora@contoso.example"]
    group = await resolve("smtp:sales@contoso.example")
    assert (group.texts(T + "EmailAddress"), group.texts(T + "MailboxType")) == (
        ["sales@contoso.example"],
        ["PublicDL"],
    )
