"""GetItem: what a message says, in the shapes that a client can ask for."""

import base64

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, BOB, M, T, Talk, item_shape, mail

HTML = mail(
    "Quote",
    headers=(
        "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\nMessage-ID: <q1@customer.example>\r\n"
        "In-Reply-To: <q0@contoso.example>\r\nReferences: <a@contoso.example> <q0@contoso.example>\r\n"
        "Cc: Bob <bob@contoso.example>, dora@customer.example\r\nReply-To: Sales <sales@customer.example>\r\n"
        "Importance: high\r\nSensitivity: Company-Confidential\r\nKeywords: Red, Blue\r\nAuto-Submitted: no\r\n"
    ),
    body=(
        "--x\r\nContent-Type: text/plain\r\n\r\nPlain & simple\r\n"
        "--x\r\nContent-Type: text/html\r\n\r\n<p>Rich &amp; <b>bold</b></p>\r\n--x--\r\n"
    ),
)
ATTACHED = mail(
    headers="MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n",
    body=(
        '--x\r\nContent-Type: text/html\r\n\r\n<img src="cid:logo@x">\r\n'
        "--x\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo@x>\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\niVBO\r\n"
        "--x--\r\n"
    ),
)


async def test_all_properties_of_a_message(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    answer = await talk.get_item(item)
    message = answer.one(T + "Message")
    expected = {
        "ItemClass": "IPM.Note",
        "Subject": "Quote",
        "Sensitivity": "Confidential",
        "Importance": "High",
        "InReplyTo": "<q0@contoso.example>",
        "InternetMessageId": "<q1@customer.example>",
        "References": "<a@contoso.example> <q0@contoso.example>",
        "DateTimeSent": "2026-11-20T08:00:00Z",
        "DisplayTo": "Alice",
        "DisplayCc": "Bob; dora@customer.example",
        "HasAttachments": "false",
        "IsRead": "false",
        "IsDraft": "false",
        "ConversationTopic": "Quote",
    }
    assert {name: message.findtext(T + name) for name in expected} == expected
    assert [one.text for one in message.findall(f"{T}Categories/{T}String")] == ["Red", "Blue"]
    assert message.findtext(f"{T}From/{T}Mailbox/{T}EmailAddress") == "carla@customer.example"
    assert [one.text for one in message.findall(f"{T}ReplyTo/{T}Mailbox/{T}Name")] == ["Sales"]
    body = message.find(T + "Body")
    assert body is not None
    assert body.get("BodyType") == "HTML"
    assert body.text == "<p>Rich &amp; <b>bold</b></p>"


async def test_a_body_is_converted_to_the_kind_that_is_asked_for(exchange: ExchangeSimulator, talk: Talk) -> None:
    rich, plain = exchange.deliver(ALICE, HTML), exchange.deliver(ALICE, mail(body="a < b\r\nc"))
    html_only = exchange.deliver(
        ALICE, mail(headers="Content-Type: text/html\r\n", body="<p>one</p><p>two &amp; three</p>")
    )

    async def body(item: str, kind: str) -> str:
        answer = await talk.get_item(
            item, shape=item_shape("item:Body", base="IdOnly", more=f"<t:BodyType>{kind}</t:BodyType>")
        )
        found = answer.one(T + "Body")
        return f"{found.get('BodyType')}: {found.text}"

    assert await body(rich, "Text") == "Text: Plain & simple"
    assert await body(rich, "Best") == "HTML: <p>Rich &amp; <b>bold</b></p>"
    assert await body(plain, "Best") == "Text: a < b\r\nc"
    assert "a &lt; b<br>" in await body(plain, "HTML")
    assert await body(html_only, "Text") == "Text: one\r\n\r\ntwo & three"


async def test_text_body_beside_html_and_a_cut_one(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    more = "<t:BodyType>HTML</t:BodyType><t:MaximumBodySize>5</t:MaximumBodySize>"
    answer = await talk.get_item(
        item, shape=item_shape("item:Body", "item:TextBody", "item:Preview", base="IdOnly", more=more)
    )
    assert answer.texts(T + "TextBody") == ["Plain"]
    assert answer.one(T + "Body").text == "<p>Ri"
    assert answer.one(T + "Body").get("IsTruncated") == "true"
    assert answer.texts(T + "Preview") == ["Plain & simple"]


async def test_what_is_newer_than_the_version_is_refused(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    old = talk.but(version="Exchange2010_SP2")
    assert (await old.get_item(item, shape=item_shape("item:TextBody"))).fault == "ErrorIncorrectSchemaVersion"
    assert not (await old.get_item(item)).all(T + "Preview")
    assert (await talk.get_item(item)).all(T + "Preview")


async def test_headers_all_or_by_name(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    one = '<t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex="Auto-Submitted"/>'
    named = await talk.get_item(item, shape=item_shape(base="IdOnly", fields=one))
    assert [(found.get("HeaderName"), found.text) for found in named.all(T + "InternetMessageHeader")] == [
        ("Auto-Submitted", "no")
    ]
    every = await talk.get_item(item, shape=item_shape("item:InternetMessageHeaders", base="IdOnly", fields=one))
    assert len(every.all(T + "InternetMessageHeader")) == 15


async def test_extended_properties(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    tags = (
        ("0x300B", "Binary"),
        ("0x1035", "String"),
        ("0x1039", "String"),
        ("0x1042", "String"),
        ("0x0E08", "Integer"),
    )
    fields = "".join(f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="{kind}"/>' for tag, kind in tags)
    fields += (
        '<t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyName="MySyncId" PropertyType="String"/>'
    )
    answer = await talk.get_item(item, shape=item_shape(base="IdOnly", fields=fields))
    row = exchange.items(ALICE)[0]
    assert answer.texts(T + "Value") == [
        base64.b64encode(bytes.fromhex(row.search_key)).decode(),
        "<q1@customer.example>",
        "<a@contoso.example> <q0@contoso.example>",
        "<q0@contoso.example>",
        str(row.size),
    ]


async def test_an_extended_property_that_names_nothing_is_refused(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    for given, code in (
        ('PropertyTag="0x8001" PropertyType="String"', "ErrorNoPropertyTagForCustomProperties"),
        ('PropertyName="x" PropertyType="String"', "ErrorInvalidExtendedProperty"),
        (
            'DistinguishedPropertySetId="Common" PropertyName="x" PropertyId="1" PropertyType="String"',
            "ErrorInvalidExtendedProperty",
        ),
    ):
        shape = item_shape(base="IdOnly", fields=f"<t:ExtendedFieldURI {given}/>")
        assert (await talk.get_item(item, shape=shape)).codes == [code]


async def test_mime_comes_back_byte_for_byte(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, HTML)
    answer = await talk.get_item(
        item, shape=item_shape(base="IdOnly", more="<t:IncludeMimeContent>true</t:IncludeMimeContent>")
    )
    assert base64.b64decode(answer.texts(T + "MimeContent")[0]) == HTML


async def test_answers_keep_the_order_of_the_ids(exchange: ExchangeSimulator, talk: Talk) -> None:
    first, second, third = (exchange.deliver(ALICE, mail(word)) for word in ("1", "2", "3"))
    gone = exchange.delete(ALICE, second)
    bobs = exchange.deliver(BOB, mail())
    answer = await talk.get_item(third, second, bobs, "nonsense", exchange.folder_id(ALICE, "inbox"), first, gone or "")
    assert answer.codes == [
        "NoError",
        "ErrorItemNotFound",
        "ErrorItemNotFound",
        "ErrorInvalidIdMalformed",
        "ErrorCannotUseFolderIdForItemId",
        "NoError",
        "NoError",
    ]
    assert answer.texts(T + "Subject") == ["3", "1", "2"]


async def test_ids_are_long_case_sensitive_base64_and_change_on_move(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    assert len(item) > 140
    assert "/" in item
    assert "+" in item
    before = exchange.items(ALICE)[0]
    moved = exchange.move(ALICE, item, "archive")
    after = exchange.items(ALICE, "archive")[0]
    assert moved != item
    assert after.search_key == before.search_key
    assert (await talk.get_item(item)).codes == ["ErrorItemNotFound"]
    assert (await talk.get_item(item.swapcase())).codes[0] in ("ErrorInvalidIdMalformed", "ErrorItemNotFound")


async def test_some_ids_differ_in_case_alone(exchange: ExchangeSimulator) -> None:
    ids = [exchange.deliver(ALICE, mail()) for _ in range(60)]
    assert len({one.casefold() for one in ids}) < len(set(ids)) == 60


async def test_a_change_key_changes_with_every_modification(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, mail())
    keys = {
        exchange.items(ALICE)[0].change_key,
        exchange.flag(ALICE, item, categories=["a"]),
        exchange.flag(ALICE, item, read=True),
    }
    assert len(keys) == 3
    answer = await talk.get_item(item)
    assert answer.one(T + "ItemId").get("ChangeKey") in keys
    assert answer.texts(T + "String") == ["a"]


async def test_a_move_to_deleted_items_leaves_the_change_key(exchange: ExchangeSimulator) -> None:
    item = exchange.deliver(ALICE, mail())
    before = exchange.items(ALICE)[0].change_key
    exchange.delete(ALICE, item)
    assert exchange.items(ALICE, "deleteditems")[0].change_key == before


async def test_a_copy_has_its_own_search_key_but_a_mail_to_oneself_shares_it(exchange: ExchangeSimulator) -> None:
    item = exchange.deliver(ALICE, mail())
    exchange.copy(ALICE, item, "archive")
    assert exchange.items(ALICE, "archive")[0].search_key != exchange.items(ALICE)[0].search_key
    ids = exchange.send(BOB, [BOB], subject="note to self", text="x")
    sent, inbox = exchange.items(BOB, "sentitems")[0], exchange.items(BOB, "inbox")[0]
    assert (sent.id, inbox.id) == (ids["sent"], ids[BOB])
    assert sent.search_key == inbox.search_key
    assert sent.message_id == inbox.message_id


async def test_inline_attachments_alone_do_not_count(exchange: ExchangeSimulator, talk: Talk) -> None:
    item = exchange.deliver(ALICE, ATTACHED)
    answer = await talk.get_item(item)
    assert answer.texts(T + "HasAttachments") == ["false"]
    assert answer.texts(T + "IsInline") == ["true"]
    assert answer.texts(T + "ContentId") == ["logo@x"]


async def test_item_classes_and_elements(exchange: ExchangeSimulator, talk: Talk) -> None:
    calendar = (
        "BEGIN:VCALENDAR\r\nMETHOD:{}\r\nBEGIN:VEVENT\r\nUID:u-1\r\nDTSTART:20261124T090000Z\r\nDTEND:20261124T100000Z\r\n"
        "LOCATION:Room 1\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )

    def meeting(method: str) -> bytes:
        return mail(headers=f"Content-Type: text/calendar; method={method}\r\n", body=calendar.format(method))

    report = "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n"
    cases = (
        (meeting("REQUEST"), "IPM.Schedule.Meeting.Request", "MeetingRequest"),
        (meeting("REPLY"), "IPM.Schedule.Meeting.Resp.Pos", "MeetingResponse"),
        (meeting("CANCEL"), "IPM.Schedule.Meeting.Canceled", "MeetingCancellation"),
        (mail(headers=report, body="--x\r\n\r\nfailed\r\n--x--\r\n"), "REPORT.IPM.Note.NDR", "Message"),
        (
            mail(headers="Content-Type: application/pkcs7-mime; name=smime.p7m\r\n", body="xx"),
            "IPM.Note.SMIME",
            "Message",
        ),
        (
            mail(headers="Content-Type: multipart/signed; boundary=x\r\n", body="--x\r\n\r\nsigned\r\n--x--\r\n"),
            "IPM.Note.SMIME.MultipartSigned",
            "Message",
        ),
    )
    for raw, item_class, element in cases:
        answer = await talk.get_item(exchange.deliver(ALICE, raw))
        shown = answer.one(M + "Items")[0]
        assert (shown.findtext(T + "ItemClass"), shown.tag) == (item_class, T + element)
    odd = await talk.get_item(exchange.deliver(ALICE, mail(), item_class="IPM.Sticky"))
    assert odd.one(M + "Items")[0].tag == T + "Item"


async def test_a_meeting_request_shows_its_time_and_place(exchange: ExchangeSimulator, talk: Talk) -> None:
    body = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u-1\r\nDTSTART;TZID=Europe/Berlin:20261124T090000\r\n"
        "LOCATION:Room\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    item = exchange.deliver(ALICE, mail(headers="Content-Type: text/calendar; method=REQUEST\r\n", body=body))
    answer = await talk.get_item(item)
    assert answer.texts(T + "Start") == ["2026-11-24T08:00:00Z"]
    assert answer.texts(T + "Location") == ["Room"]
    assert answer.texts(T + "UID") == ["u-1"]
