"""The rules of writing that well-behaved clients never meet: change keys, counts, mismatches, journal and MIME."""

import base64
from collections.abc import Sequence
from dataclasses import replace

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.composing import compose
from devtools.exchange_simulator.mail import Address, MailFacts
from devtools.exchange_simulator.parsing import read_message
from tests.devtools.exchange_simulator.talk import ALICE, BOB, Answer, M, T, Talk, item_shape, mail

TO_BOB = f"<t:ToRecipients><t:Mailbox><t:EmailAddress>{BOB}</t:EmailAddress></t:Mailbox></t:ToRecipients>"


async def create(talk: Talk, message: str, *, disposition: str = "SaveOnly", folder: str = "") -> Answer:
    where = f'<m:SavedItemFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId>' if folder else ""
    return await talk.ask(
        f'<m:CreateItem MessageDisposition="{disposition}">{where}<m:Items>{message}</m:Items></m:CreateItem>'
    )


async def update(talk: Talk, item: str, key: str, updates: str) -> Answer:
    return await talk.ask(
        '<m:UpdateItem ConflictResolution="AutoResolve" MessageDisposition="SaveOnly"><m:ItemChanges><t:ItemChange>'
        f'<t:ItemId Id="{item}" ChangeKey="{key}"/><t:Updates>{updates}</t:Updates></t:ItemChange></m:ItemChanges>'
        "</m:UpdateItem>"
    )


def put(path: str, *values: str, kind: str = "Set") -> str:
    message = f"<t:Message>{''.join(values)}</t:Message>"
    return f'<t:{kind}ItemField><t:FieldURI FieldURI="{path}"/>{message}</t:{kind}ItemField>'


async def send(talk: Talk, item: str, key: str = "", *, keep: bool = True, folder: str = "") -> Answer:
    change_key = f' ChangeKey="{key}"' if key else ""
    where = f'<m:SavedItemFolderId><t:DistinguishedFolderId Id="{folder}"/></m:SavedItemFolderId>' if folder else ""
    return await talk.ask(
        f'<m:SendItem SaveItemToFolder="{str(keep).lower()}"><m:ItemIds><t:ItemId Id="{item}"{change_key}/></m:ItemIds>'
        f"{where}</m:SendItem>"
    )


def key_of(answer: Answer) -> tuple[str, str]:
    found = answer.one(T + "ItemId")
    return found.get("Id") or "", found.get("ChangeKey") or ""


async def test_a_draft_is_sent_only_with_its_current_change_key(exchange: ExchangeSimulator, talk: Talk) -> None:
    item, first = key_of(await create(talk, f"<t:Message><t:Subject>Offer</t:Subject>{TO_BOB}</t:Message>"))
    _, second = key_of(await update(talk, item, first, put("item:Subject", "<t:Subject>Better</t:Subject>")))
    assert (await send(talk, item)).codes == ["ErrorChangeKeyRequiredForWriteOperations"]
    assert (await send(talk, item, first)).codes == ["ErrorStaleObject"]
    assert (await send(talk, item, "bm9uc2Vuc2U=")).codes == ["ErrorInvalidChangeKey"]
    assert (await send(talk, item, second, keep=False, folder="inbox")).codes == ["ErrorInvalidSendItemSaveSettings"]
    assert exchange.items(BOB) == []
    assert (await send(talk, item, second)).codes == ["NoError"]
    assert [row.subject for row in exchange.items(BOB)] == ["Better"]


@pytest.mark.parametrize(
    ("updates", "code"),
    [
        (put("item:Subject", "<t:Subject>a</t:Subject>", "<t:Culture>en</t:Culture>"), "ErrorIncorrectUpdatePropertyCount"),
        (put("item:Subject"), "ErrorIncorrectUpdatePropertyCount"),
        (put("item:Subject", "<t:Importance>High</t:Importance>"), "ErrorUpdatePropertyMismatch"),
        (put("item:Subject", "<t:Subject>a</t:Subject>", kind="AppendTo"), "ErrorInvalidPropertyAppend"),
        (put("item:Body", '<t:Body BodyType="Text">a</t:Body>'), "ErrorInvalidPropertyUpdateSentMessage"),
        (put("message:ToRecipients", TO_BOB), "ErrorInvalidPropertyUpdateSentMessage"),
        ('<t:DeleteItemField><t:FieldURI FieldURI="item:Size"/></t:DeleteItemField>', "ErrorInvalidPropertyDelete"),
    ],
)  # fmt: skip
async def test_an_update_that_breaks_a_rule_changes_nothing(
    exchange: ExchangeSimulator, talk: Talk, updates: str, code: str
) -> None:
    item = exchange.deliver(ALICE, mail("Offer"))
    (before,) = exchange.items(ALICE)
    fine = put("item:Categories", "<t:Categories><t:String>Sales</t:String></t:Categories>")
    assert (await update(talk, item, before.change_key, fine + updates)).codes == [code]
    assert exchange.items(ALICE) == [before]


async def test_recipients_and_the_body_of_a_draft_can_be_added_to(talk: Talk) -> None:
    body = '<t:Body BodyType="Text">One. </t:Body>'
    item, key = key_of(await create(talk, f"<t:Message>{body}{TO_BOB}</t:Message>"))
    more = put("message:ToRecipients", TO_BOB.replace("bob", "charlie"), kind="AppendTo")
    more += put("item:Body", '<t:Body BodyType="Text">Two.</t:Body>', kind="AppendTo")
    assert (await update(talk, item, key, more)).codes == ["NoError"]
    shown = await talk.get_item(item)
    assert shown.texts(f"{T}ToRecipients//{T}EmailAddress") == [BOB, "charlie@contoso.example"]
    assert shown.texts(T + "Body") == ["One. Two."]


async def test_what_is_only_sent_has_no_folder(talk: Talk) -> None:
    answer = await create(talk, f"<t:Message>{TO_BOB}</t:Message>", disposition="SendOnly", folder="inbox")
    assert answer.codes == ["ErrorInvalidSendItemSaveSettings"]


async def test_a_message_without_a_disposition_is_refused(talk: Talk) -> None:
    answer = await talk.ask("<m:CreateItem><m:Items><t:Message/></m:Items></m:CreateItem>")
    assert answer.fault == "ErrorMessageDispositionRequired"


async def test_imported_mail_is_no_draft_and_keeps_its_time(exchange: ExchangeSimulator, talk: Talk) -> None:
    def tag(number: str, kind: str, value: str) -> str:
        field = f'<t:ExtendedFieldURI PropertyTag="{number}" PropertyType="{kind}"/>'
        return f"<t:ExtendedProperty>{field}<t:Value>{value}</t:Value></t:ExtendedProperty>"

    mime = f"<t:MimeContent>{base64.b64encode(mail('Old')).decode()}</t:MimeContent>"
    own = tag("0x0E07", "Integer", "1") + tag("0x0E06", "SystemTime", "2020-02-03T04:05:06Z")
    item, _ = key_of(await create(talk, f"<t:Message>{mime}{own}</t:Message>", folder="inbox"))
    shown = await talk.get_item(item, shape=item_shape("item:IsDraft", "item:DateTimeReceived", "message:IsRead"))
    assert shown.texts(T + "IsDraft") == ["false"]
    assert shown.texts(T + "IsRead") == ["true"]
    assert shown.texts(T + "DateTimeReceived") == ["2020-02-03T04:05:06Z"]


async def test_mime_that_is_sent_gets_what_it_lacks_and_loses_bcc(exchange: ExchangeSimulator, talk: Talk) -> None:
    raw = f"To: {BOB}\r\nBcc: secret@customer.example\r\nSubject: Plain\r\n\r\nText\r\n".encode()
    mime = f"<t:Message><t:MimeContent>{base64.b64encode(raw).decode()}</t:MimeContent></t:Message>"
    assert (await create(talk, mime, disposition="SendAndSaveCopy")).codes == ["NoError"]
    (received,) = exchange.mailbox(BOB).distinguished["inbox"].items.values()
    facts = received.facts()
    assert (facts.from_ and facts.from_.address, facts.subject, facts.bcc) == (ALICE, "Plain", ())
    assert facts.message_id.endswith("@contoso.example>")
    (out,) = exchange.outgoing
    assert out.recipients == ("secret@customer.example",)
    assert b"secret" not in out.raw
    (sent,) = exchange.mailbox(ALICE).distinguished["sentitems"].items.values()
    assert [one.address for one in sent.facts().bcc] == ["secret@customer.example"]


async def test_an_attachment_keeps_its_id_when_another_one_goes(exchange: ExchangeSimulator, talk: Talk) -> None:
    files = "".join(
        f"<t:FileAttachment><t:Name>{name}</t:Name><t:Content>YQ==</t:Content></t:FileAttachment>" for name in "abc"
    )
    created = await create(talk, f"<t:Message><t:Attachments>{files}</t:Attachments></t:Message>")
    first, *rest = created.ids(T + "AttachmentId")
    item, _ = key_of(created)
    gone = await talk.ask(
        f'<m:DeleteAttachment><m:AttachmentIds><t:AttachmentId Id="{first}"/></m:AttachmentIds></m:DeleteAttachment>'
    )
    assert gone.one(M + "RootItemId").get("RootItemChangeKey") == exchange.items(ALICE, "drafts")[0].change_key
    assert (await talk.get_item(item)).ids(T + "AttachmentId") == rest


async def test_get_without_credentials_is_asked_for_them(exchange: ExchangeSimulator, talk: Talk) -> None:
    answer = await talk.client.get(exchange.url)
    assert (answer.status_code, "Basic" in answer.headers["WWW-Authenticate"]) == (401, True)


def named(*people: tuple[str, str]) -> Sequence[Address]:
    return tuple(Address(*one) for one in people)


def test_what_is_composed_reads_back_as_it_was() -> None:
    facts = MailFacts(
        subject="Angebot über 100 €",
        from_=Address("Alice Ärmel", ALICE),
        sender=Address("Alice Ärmel", ALICE),
        to=tuple(named(("Bob, Jr.", BOB), ("", "charlie@contoso.example"))),
        message_id="<" + "x" * 120 + "@contoso.example>",
        references=" ".join(f"<{number}@contoso.example>" for number in range(60)),
        importance="High",
        sensitivity="Confidential",
        text="One\r\nTwo\r\n",
        html="<p>One</p>\r\n",
        topic="Angebot",
        thread_index=bytes(range(22)),
        read_receipt=True,
    )
    assert replace(read_message(compose(facts)), headers=()) == facts


async def test_generated_mail_is_marked_without_becoming_another_message(
    exchange: ExchangeSimulator, talk: Talk
) -> None:
    exchange.fill(ALICE, 1)
    (before,) = exchange.items(ALICE)
    mark = put("item:Categories", "<t:Categories><t:String>Sales</t:String></t:Categories>")
    assert (await update(talk, before.id, before.change_key, mark)).codes == ["NoError"]
    (after,) = exchange.items(ALICE)
    assert (after.categories, after.size, after.message_id) == (("Sales",), before.size, before.message_id)
