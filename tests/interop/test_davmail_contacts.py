"""DavMail against the simulator: contacts through its CardDAV, with plain HTTP.

Where DavMail and PROTOCOL disagree, the test says who is right.
"""

import re

import exchangelib
import pytest

from devtools.exchange_simulator.items import Item
from tests.interop.conftest import OpenOwnAccount
from tests.interop.davmail_gateway import Gateway, Person

CARD = """BEGIN:VCARD
VERSION:3.0
UID:carla-1
N:Customer;Carla;Anna;;
FN:Carla Customer
NICKNAME:Cari
ORG:Customer Ltd;Sales
TITLE:Buyer
EMAIL;TYPE=WORK:carla@customer.example
EMAIL;TYPE=HOME:home@customer.example
TEL;TYPE=WORK:+1 555 0100
TEL;TYPE=CELL:+1 555 0101
ADR;TYPE=WORK:;;1 Main Street;Springfield;IL;62701;US
BDAY:1980-04-05
NOTE:Pays on time
CATEGORIES:Clients
END:VCARD
""".replace("\n", "\r\n")
NAME = "carla-1.vcf"
LIST = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:displayname/></D:prop></D:propfind>'
MULTIGET = (
    '<C:addressbook-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/>'
    "<C:address-data/></D:prop><D:href>{href}</D:href></C:addressbook-multiget>"
)


@pytest.fixture
def alice(gateway: Gateway) -> Person:
    return gateway.person("alice")


def contacts(gateway: Gateway, person: Person) -> list[Item]:
    return list(gateway.exchange.mailbox(person.address).distinguished["contacts"].items.values())


def lines(card: str) -> set[str]:
    return set(card.split("\r\n"))


def test_a_contact_is_made_by_a_vcard_and_read_back(gateway: Gateway, alice: Person) -> None:
    with alice.dav("contacts") as book:
        made = book.put(NAME, content=CARD, headers={"If-None-Match": "*"})
        assert (made.status_code, bool(made.headers.get("etag"))) == (201, True)
        card = book.get(NAME)
    assert card.headers["etag"] == made.headers["etag"]
    # DavMail writes a vCard of its own, of version 4: what it says is compared, not its bytes.
    assert {
        *("UID:carla-1", "FN:Carla Customer", "N:Customer;Carla;Anna;;", "NICKNAME:Cari", "ORG:Customer Ltd;Sales"),
        *("TITLE:Buyer", "EMAIL;TYPE=work:carla@customer.example", "EMAIL;TYPE=home:home@customer.example"),
        *("TEL;TYPE=work:+1 555 0100", "TEL;TYPE=cell:+1 555 0101", "BDAY:1980-04-05", "NOTE:Pays on time"),
        *("ADR;TYPE=work:;;1 Main Street;Springfield;IL;62701;US", "CATEGORIES:Clients"),
    } <= lines(card.text)
    (kept,) = contacts(gateway, alice)
    assert (kept.subject, kept.item_class, kept.categories) == ("Carla Customer", "IPM.Contact", ("Clients",))
    assert kept.facts().properties["contacts:GivenName"] == "<t:GivenName>Carla</t:GivenName>"


def test_contacts_are_listed_and_many_are_read_at_once(alice: Person) -> None:
    with alice.dav("contacts") as book:
        book.put(NAME, content=CARD)
        book.put("dora-1.vcf", content=CARD.replace("carla", "dora").replace("Carla", "Dora"))
        listed = book.request("PROPFIND", "", content=LIST, headers={"Depth": "1"})
        assert (listed.status_code, NAME in listed.text, "dora-1.vcf" in listed.text) == (207, True, True)
        asked = MULTIGET.format(href=f"{book.base_url.path}{NAME}")
        answer = book.request("REPORT", "", content=asked, headers={"Depth": "1"})
    assert (answer.status_code, "FN:Carla Customer" in answer.text, "FN:Dora" in answer.text) == (207, True, False)


def test_a_contact_is_changed_where_it_is_and_what_is_left_out_is_gone(gateway: Gateway, alice: Person) -> None:
    with alice.dav("contacts") as book:
        book.put(NAME, content=CARD)
        (before,) = contacts(gateway, alice)
        known = before.id
        changed = CARD.replace("Buyer", "Head buyer").replace("0101", "0199").replace("home@", "new@")
        etag = book.get(NAME).headers["etag"]
        answer = book.put(NAME, content=changed.replace("NICKNAME:Cari\r\n", ""), headers={"If-Match": etag})
        assert answer.status_code == 200
        card = lines(book.get(NAME).text)
    assert {"TITLE:Head buyer", "TEL;TYPE=cell:+1 555 0199", "EMAIL;TYPE=home:new@customer.example"} <= card
    assert not any(line.startswith("NICKNAME") for line in card)
    assert [one.id for one in contacts(gateway, alice)] == [known]


def test_a_contact_that_was_changed_meanwhile_is_not_overwritten(gateway: Gateway, alice: Person) -> None:
    with alice.dav("contacts") as book:
        book.put(NAME, content=CARD)
        # DavMail's entity tag is the time of the last change in seconds: another second is needed, not waited for.
        answer = book.put(NAME, content=CARD, headers={"If-Match": "2000-01-01T00:00:00Z"})
    assert answer.status_code == 412


def test_a_contact_that_another_client_made_is_read(alice: Person, open_own_account: OpenOwnAccount) -> None:
    account = open_own_account(alice)
    phones = [exchangelib.indexed_properties.PhoneNumber(label="MobilePhone", phone_number="+1 555 0101")]
    contact = exchangelib.Contact(account=account, folder=account.contacts, given_name="Carla", surname="Customer")
    contact.display_name, contact.job_title, contact.phone_numbers = "Carla Customer", "Buyer", phones
    contact.save()
    with alice.dav("contacts") as book:
        listed = book.request("PROPFIND", "", content=LIST, headers={"Depth": "1"})
        (name,) = re.findall(r"contacts/([^<]+)</D:href>", listed.text)
        card = lines(book.get(name).text)
    assert {"FN:Carla Customer", "N:Customer;Carla;;;", "TITLE:Buyer", "TEL;TYPE=cell:+1 555 0101"} <= card


def test_a_contact_is_deleted(gateway: Gateway, alice: Person) -> None:
    with alice.dav("contacts") as book:
        book.put(NAME, content=CARD)
        assert book.delete(NAME).status_code == 200
        assert book.get(NAME).status_code == 404
    assert contacts(gateway, alice) == []
    assert [row.subject for row in gateway.exchange.items(alice.address, "deleteditems")] == ["Carla Customer"]
