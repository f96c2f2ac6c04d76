"""DavMail against the simulator: mail through its IMAP and SMTP, with the standard library alone.

Where DavMail and PROTOCOL disagree, the test says who is right.
"""

import imaplib
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.interop.davmail_gateway import Gateway, Person

OFFER = (
    b"From: Carla <carla@customer.example>\r\nTo: alice@contoso.example\r\nSubject: Offer\r\n"
    b"Date: Mon, 02 Mar 2026 10:00:00 +0000\r\nMessage-ID: <offer@customer.example>\r\nX-Own: kept\r\n"
    b"\r\nGood morning\r\n.\r\nThe line above is no end.\r\n"
)
INVOICE = OFFER.replace(b"Offer", b"Invoice").replace(b"offer@", b"invoice@").replace(b"Carla", b"Dora")


@pytest.fixture
def alice(gateway: Gateway) -> Person:
    return gateway.person("alice")


@pytest.fixture
def bob(gateway: Gateway) -> Person:
    return gateway.person("bob")


def done(answer: tuple[str, list[Any]]) -> list[Any]:
    """The lines of an answer that says OK."""
    assert answer[0] == "OK", answer
    return answer[1]


def found(session: imaplib.IMAP4, *criteria: str) -> bytes:
    return bytes(done(session.search(None, *criteria))[0] or b"")


def uids(session: imaplib.IMAP4) -> list[int]:
    return [int(one) for one in done(session.uid("SEARCH", "ALL"))[0].split()]


def subjects(gateway: Gateway, person: Person, folder: str = "inbox") -> list[str]:
    return [row.subject for row in gateway.exchange.items(person.address, folder)]


def test_the_endpoint_answers_a_plain_get_with_401_before_anybody_signs_in(gateway: Gateway) -> None:
    # Quirk: DavMail asks so whether it is EWS that it talks to; Exchange's 401 lists the schemes.
    answer = httpx.get(gateway.exchange.url)
    assert (answer.status_code, "Negotiate" in answer.headers.get_list("WWW-Authenticate")) == (401, True)


def test_nobody_signs_in_with_a_wrong_password(gateway: Gateway, alice: Person) -> None:
    wrong = Person(alice.address, "guessed", gateway.ports)
    with pytest.raises(imaplib.IMAP4.error, match="LOGIN failed"), wrong.imap():
        pass


def test_the_folders_are_listed_with_their_roles(alice: Person) -> None:
    with alice.imap() as session:
        listed = [line.decode() for line in done(session.list())]
    # Calendars and contacts are left out: DavMail restricts FindFolder to PidTagContainerClass IPF.Note.
    assert {line.rpartition('"/" ')[2] for line in listed} == {
        *('"INBOX"', '"Sent"', '"Drafts"', '"Unsent Messages"', '"Trash"', '"Junk"'),
        *('"Archive"', '"Conversation History"'),
    }
    assert next(line for line in listed if '"Sent"' in line).startswith("(\\Sent")


def test_a_delivered_message_is_found_and_read_byte_for_byte(gateway: Gateway, alice: Person) -> None:
    gateway.exchange.deliver(alice.address, OFFER)
    gateway.exchange.deliver(alice.address, INVOICE, read=True)
    with alice.imap() as session:
        assert done(session.select("INBOX")) == [b"2"]
        assert found(session, "ALL") == b"1 2"
        assert (found(session, "UNSEEN"), found(session, "SEEN")) == (b"1", b"2")
        assert (found(session, "SUBJECT", "invoice"), found(session, "FROM", "dora")) == (b"2", b"2")
        assert found(session, "HEADER", "Message-ID", "<offer@customer.example>") == b"1"
        ((_, raw), _) = done(session.fetch("1", "(BODY.PEEK[])"))
        assert raw == OFFER
        ((_, raw), _) = done(session.fetch("2", "(RFC822)"))
        assert raw == INVOICE
        (envelope,) = done(session.fetch("1", "(FLAGS RFC822.SIZE ENVELOPE)"))
    assert b'ENVELOPE ("Mon, 02 Mar 2026 10:00:00 +0000" "Offer" (("Carla" NIL "carla" "customer.example"))' in envelope
    assert b"FLAGS (\\Recent)" in envelope and b"RFC822.SIZE %d" % len(OFFER) in envelope
    assert [row.is_read for row in gateway.exchange.items(alice.address)] == [False, True]


def test_reading_a_message_leaves_it_seen(gateway: Gateway, alice: Person) -> None:
    gateway.exchange.deliver(alice.address, OFFER)
    with alice.imap() as session:
        session.select("INBOX")
        done(session.fetch("1", "(BODY[])"))
    assert [row.is_read for row in gateway.exchange.items(alice.address)] == [True]


def test_flags_that_a_client_sets_are_those_of_the_mailbox_and_back(gateway: Gateway, alice: Person) -> None:
    item = gateway.exchange.deliver(alice.address, OFFER)
    kept = gateway.exchange.mailbox(alice.address).item(item)
    with alice.imap() as session:
        session.select("INBOX")
        done(session.store("1", "+FLAGS", r"(\Seen \Flagged Clients)"))
        assert (kept.is_read, kept.flag, kept.categories) == (True, "Flagged", ("Clients",))
        assert (found(session, "FLAGGED"), found(session, "SEEN")) == (b"1", b"1")
        done(session.store("1", "-FLAGS", r"(\Seen \Flagged)"))
        assert (kept.is_read, kept.flag) == (False, "NotFlagged")
        done(session.store("1", "+FLAGS", r"(\Answered)"))
    assert kept.extended["0x1081"] == "102"  # PidTagLastVerbExecuted: a reply
    gateway.exchange.flag(alice.address, item, read=True, flag="Flagged")
    with alice.imap() as session:
        session.select("INBOX")
        (shown,) = done(session.fetch("1", "(FLAGS)"))
    assert all(flag in shown for flag in (rb"\Seen", rb"\Flagged", rb"\Answered", b"Clients"))


def test_a_message_is_appended_as_it_is_with_its_time(gateway: Gateway, alice: Person) -> None:
    received = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    with alice.imap() as session:
        done(session.create("Projects"))
        done(session.append("Projects", r"(\Seen)", imaplib.Time2Internaldate(received), OFFER))
        assert done(session.select("Projects")) == [b"1"]
        ((head, raw), _) = done(session.fetch("1", "(FLAGS INTERNALDATE BODY.PEEK[])"))
    assert raw == OFFER
    assert b"\\Seen" in head and b'INTERNALDATE "14-Nov-2023 22:13:20 +0000"' in head
    (row,) = gateway.exchange.items(alice.address, "Projects")
    kept = gateway.exchange.mailbox(alice.address).item(row.id)
    assert (row.is_read, row.received, kept.is_draft) == (True, received, False)


def test_a_message_is_copied_moved_and_expunged(gateway: Gateway, alice: Person) -> None:
    gateway.exchange.deliver(alice.address, OFFER)
    gateway.exchange.deliver(alice.address, INVOICE)
    with alice.imap() as session:
        done(session.create("Projects"))
        session.select("INBOX")
        done(session.copy("1", "Projects"))
        assert (subjects(gateway, alice), subjects(gateway, alice, "Projects")) == (["Offer", "Invoice"], ["Offer"])
        done(session.uid("MOVE", str(uids(session)[1]), "Projects"))
        assert subjects(gateway, alice, "Projects") == ["Offer", "Invoice"]
        session.select("Projects")
        done(session.store("1", "+FLAGS", r"(\Deleted)"))
        assert subjects(gateway, alice, "Projects") == ["Offer", "Invoice"]  # until it is expunged
        assert done(session.expunge()) == [b"1"]
        assert found(session, "ALL") == b"1"
    assert subjects(gateway, alice, "Projects") == ["Invoice"]


def test_numbers_of_messages_stay_and_a_new_one_gets_a_higher_number(gateway: Gateway, alice: Person) -> None:
    with alice.imap() as session:
        for raw in (OFFER, INVOICE):
            gateway.exchange.deliver(alice.address, raw)
        session.select("INBOX")
        first = uids(session)
        done(session.store("1", "+FLAGS", r"(\Seen)"))
        gateway.exchange.deliver(alice.address, OFFER)
        session.noop()
        later = uids(session)
    assert later[:2] == first and later == sorted(later) and len(set(later)) == 3


def test_a_folder_is_made_below_another_renamed_and_deleted(gateway: Gateway, alice: Person) -> None:
    with alice.imap() as session:
        done(session.create("INBOX/Projects"))
        assert gateway.exchange.folder_id(alice.address, "Inbox/Projects")
        assert any(b'"INBOX/Projects"' in line for line in done(session.list("", "INBOX/*")))
        done(session.rename("INBOX/Projects", "INBOX/Clients"))
        assert gateway.exchange.folder_id(alice.address, "Inbox/Clients")
        done(session.delete("INBOX/Clients"))
    assert "Clients" not in {one.name for one in gateway.exchange.mailbox(alice.address).folders.values()}


def test_a_message_that_is_sent_arrives_and_a_copy_is_in_sent(gateway: Gateway, alice: Person, bob: Person) -> None:
    raw = OFFER.replace(b"Carla <carla@customer.example>", alice.address.encode())
    raw = raw.replace(b"To: alice@contoso.example", b"To: %s" % bob.address.encode())
    with alice.smtp() as session:
        assert session.sendmail(alice.address, [bob.address], raw) == {}
    (arrived,) = gateway.exchange.items(bob.address)
    (copy,) = gateway.exchange.items(alice.address, "sentitems")
    assert (arrived.is_read, copy.is_read) == (False, True)
    assert arrived.message_id == copy.message_id == "<offer@customer.example>"
    with bob.imap() as inbox:
        inbox.select("INBOX")
        ((_, received), _) = done(inbox.fetch("1", "(BODY.PEEK[])"))
    # Quirk: DavMail takes the last CRLF for a part of the end of DATA; by RFC 5321 4.1.1.4 it is the message's.
    assert received.partition(b"\r\n\r\n")[2] == raw.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
    with alice.imap() as sent:
        assert done(sent.select("Sent")) == [b"1"]


def test_hidden_recipients_get_the_message_and_nobody_sees_them(gateway: Gateway, alice: Person, bob: Person) -> None:
    hidden = gateway.person("charlie")
    raw = b"From: %s\r\nTo: %s\r\nSubject: Sent\r\n\r\nHello\r\n" % (alice.address.encode(), bob.address.encode())
    with alice.smtp() as session:
        session.sendmail(alice.address, [bob.address, hidden.address], raw)
    assert (subjects(gateway, bob), subjects(gateway, hidden)) == (["Sent"], ["Sent"])
    with bob.imap() as inbox:
        inbox.select("INBOX")
        ((_, received), _) = done(inbox.fetch("1", "(BODY.PEEK[])"))
    assert hidden.address.encode() not in received
