"""exchangelib 5 against the simulator: contacts with their dictionaries, which are changed entry by entry."""

import datetime
from typing import Any

import exchangelib
import pytest
from exchangelib.errors import ErrorCannotCreateContactInNonContactFolder
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress

from devtools.exchange_simulator import ExchangeSimulator
from tests.interop.conftest import ALICE


def carla(account: Any, **more: Any) -> Any:
    return exchangelib.Contact(
        account=account,
        folder=account.contacts,
        given_name="Carla",
        surname="Customer & Sons",
        display_name="Carla Customer",
        file_as="Customer, Carla",
        company_name="Customer",
        job_title="Buyer",
        email_addresses=[EmailAddress(label="EmailAddress1", email="carla@customer.example")],
        phone_numbers=[
            PhoneNumber(label="MobilePhone", phone_number="1"),
            PhoneNumber(label="HomePhone", phone_number="2"),
        ],
        physical_addresses=[PhysicalAddress(label="Business", street="Quay & 1", city="Hamburg", country="DE")],
        **more,
    )


def test_a_contact_is_what_was_written(exchange: ExchangeSimulator, alice: Any) -> None:
    written = carla(alice, categories=["Key account"], body="Met at the fair").save()
    (found,) = alice.contacts.all()
    assert (found.id, found.changekey) == (written.id, written.changekey)
    assert (found.given_name, found.surname, found.display_name) == ("Carla", "Customer & Sons", "Carla Customer")
    assert (found.company_name, found.job_title, found.file_as) == ("Customer", "Buyer", "Customer, Carla")
    assert (found.complete_name.first_name, found.complete_name.last_name) == ("Carla", "Customer & Sons")
    assert [(one.label, one.email) for one in found.email_addresses] == [("EmailAddress1", "carla@customer.example")]
    assert {one.label: one.phone_number for one in found.phone_numbers if one.phone_number} == {
        "MobilePhone": "1",
        "HomePhone": "2",
    }
    (address,) = [one for one in found.physical_addresses if one.street]
    assert (address.label, address.street, address.city, address.country) == ("Business", "Quay & 1", "Hamburg", "DE")
    assert (found.categories, found.body.strip()) == (["Key account"], "Met at the fair")
    assert b"EMAIL;TYPE=INTERNET:carla@customer.example" in found.mime_content
    assert [row.item_class for row in exchange.items(ALICE, "contacts")] == ["IPM.Contact"]


def test_entries_are_set_changed_and_taken_away_one_by_one(alice: Any) -> None:
    carla(alice).save()
    (contact,) = alice.contacts.all()
    contact.email_addresses = [
        EmailAddress(label="EmailAddress1", email="new@customer.example"),
        EmailAddress(label="EmailAddress2", email="second@customer.example"),
    ]
    contact.phone_numbers = [PhoneNumber(label="MobilePhone", phone_number="3")]
    contact.physical_addresses = [PhysicalAddress(label="Business", street="Quay 2", city="Hamburg")]
    contact.job_title = None
    contact.save(update_fields=["email_addresses", "phone_numbers", "physical_addresses", "job_title"])
    (found,) = alice.contacts.all()
    assert {one.email for one in found.email_addresses} == {"new@customer.example", "second@customer.example"}
    assert [one.phone_number for one in found.phone_numbers if one.phone_number] == ["3"]
    (address,) = [one for one in found.physical_addresses if one.street]
    assert (address.street, address.city, address.country) == ("Quay 2", "Hamburg", None)
    assert found.job_title is None


def test_a_whole_contact_is_saved_and_deleted(exchange: ExchangeSimulator, alice: Any) -> None:
    carla(alice).save()
    (contact,) = alice.contacts.all()
    contact.surname, contact.birthday = "Changed", datetime.date(1990, 1, 2)
    contact.save()
    (found,) = alice.contacts.all()
    assert (found.surname, found.birthday) == ("Changed", datetime.date(1990, 1, 2))
    found.delete()
    assert exchange.items(ALICE, "contacts") == []


def test_a_contact_is_not_made_in_a_mail_folder(alice: Any) -> None:
    contact = carla(alice)
    contact.folder = alice.inbox
    with pytest.raises(ErrorCannotCreateContactInNonContactFolder):
        contact.save()


def test_a_new_contact_is_told_of_by_sync(alice: Any) -> None:
    assert list(alice.contacts.sync_items()) == []
    written = carla(alice).save()
    ((kind, item),) = alice.contacts.sync_items()
    assert (kind, item.id, item.display_name) == ("create", written.id, "Carla Customer")
