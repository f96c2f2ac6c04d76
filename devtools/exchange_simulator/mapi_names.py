"""MAPI's names for what EWS has properties of its own for: to read or write the one is to read or write the other.

Sources: MS-OXPROPS; MS-OXOCNTC 2.2.1 for contacts, whose names count for contacts alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from lxml import etree

from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import attribute
from devtools.exchange_simulator.soap import Element, T

FLAG_STATUS_KEY = "0x1090"
FLAG_STATUS = {"Complete": "1", "Flagged": "2"}
"""PidTagFlagStatus (MS-OXOFLAG 2.2.1.1) of an item's flag; an item without a flag has none."""

_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Same:
    """The EWS property: its path, and the key of the entry when that is one of a dictionary."""

    path: str
    entry: str = ""

    @property
    def key(self) -> str:
        """How the facts of an item keep it."""
        return f"{self.path}/{self.entry}" if self.entry else self.path


_ITEMS = {
    "0x0037": Same("item:Subject"),
    "0x001a": Same("item:ItemClass"),
    "0x1000": Same("item:Body"),
    "PublicStrings/Keywords": Same("item:Categories"),
}
_NAMES = """
    0x3001 DisplayName  0x3a05 Generation  0x3a06 GivenName  0x3a0a Initials  0x3a11 Surname  0x3a16 CompanyName
    0x3a17 JobTitle  0x3a18 Department  0x3a19 OfficeLocation  0x3a30 AssistantName  0x3a41 WeddingAnniversary
    0x3a42 Birthday  0x3a44 MiddleName  0x3a46 Profession  0x3a48 SpouseName  0x3a4e Manager  0x3a4f Nickname
    0x3a51 BusinessHomePage
"""
_PHONES = """
    0x3a02 Callback  0x3a08 BusinessPhone  0x3a09 HomePhone  0x3a1a PrimaryPhone  0x3a1b BusinessPhone2
    0x3a1c MobilePhone  0x3a1d RadioPhone  0x3a1e CarPhone  0x3a1f OtherTelephone  0x3a21 Pager  0x3a23 OtherFax
    0x3a24 BusinessFax  0x3a25 HomeFax  0x3a2c Telex  0x3a2d Isdn  0x3a2e AssistantPhone  0x3a2f HomePhone2
    0x3a4b TtyTddPhone  0x3a57 CompanyMainPhone
"""
_PLACES = """
    0x3a59 City/Home  0x3a5a CountryOrRegion/Home  0x3a5b PostalCode/Home  0x3a5c State/Home  0x3a5d Street/Home
    0x3a5f City/Other  0x3a60 CountryOrRegion/Other  0x3a61 PostalCode/Other  0x3a62 State/Other  0x3a63 Street/Other
    Address/32837 Street/Business  Address/32838 City/Business  Address/32839 State/Business
    Address/32840 PostalCode/Business  Address/32841 CountryOrRegion/Business
"""


def _pairs(table: str) -> list[tuple[str, str]]:
    words = table.split()
    return list(zip(words[::2], words[1::2], strict=True))


_CONTACTS = {
    **{key: Same(f"contacts:{name}") for key, name in _pairs(_NAMES)},
    **{key: Same("contacts:PhoneNumber", name) for key, name in _pairs(_PHONES)},
    **{
        key: Same(f"contacts:PhysicalAddress:{part}", place)
        for key, part, place in ((key, *name.split("/")) for key, name in _pairs(_PLACES))
    },
    "Address/32866": Same("contacts:ImAddress", "ImAddress1"),
}


def same_property(key: str, item_class: str) -> Same | None:
    """Give the EWS property that an extended one is on an item of this class; None when it stands for itself."""
    contact = item_class.upper().startswith("IPM.CONTACT")
    return _ITEMS.get(key) or (_CONTACTS.get(key) if contact else None)


def kept_text(facts: MailFacts, same: Same) -> str | None:
    """Read the text of a property that is kept as it was written."""
    return unescape(_TAGS.sub("", facts.properties.get(same.key, ""))) or None


def element_of(same: Same, value: str | Sequence[str]) -> Element:
    """Write a value as the element that EWS has for the property."""
    element = etree.Element(T + same.path.partition(":")[2])
    if same.path == "item:Body":
        element.set("BodyType", "Text")
    if isinstance(value, str):
        element.text = value
    else:
        for one in value:
            etree.SubElement(element, T + "String").text = one
    return element


def entry_of(same: Same, value: str) -> str:
    """Write a value as the facts keep an entry of a dictionary: an address part is bare, others are elements."""
    if not value or same.path.startswith("contacts:PhysicalAddress"):
        return attribute(value)
    return f'<t:Entry Key="{same.entry}">{attribute(value)}</t:Entry>'
