"""What contacts have beside the properties of every item: names, dictionaries of addresses and numbers (PROTOCOL 12).

Sources: Types.xsd (ContactItemType, in its order; DistributionListType). A dictionary is kept entry by entry under
`<path>/<key>`, because that is how UpdateItem changes it.
"""

from collections.abc import Mapping
from dataclasses import replace

from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import attribute, boolean
from devtools.exchange_simulator.rendering import Render, Rendering, kept
from devtools.exchange_simulator.soap import Element, T

_ORDER = """
    FileAs FileAsMapping DisplayName GivenName Initials MiddleName Nickname CompleteName CompanyName EmailAddresses
    PhysicalAddresses PhoneNumbers AssistantName Birthday BusinessHomePage Children Companies ContactSource Department
    Generation ImAddresses JobTitle Manager Mileage OfficeLocation PostalAddressIndex Profession SpouseName Surname
    WeddingAnniversary HasPicture
"""
ORDER = tuple(_ORDER.split())
COMPUTED = frozenset({"CompleteName", "ContactSource", "HasPicture"})
DICTIONARIES = {
    "EmailAddresses": "contacts:EmailAddress",
    "PhoneNumbers": "contacts:PhoneNumber",
    "ImAddresses": "contacts:ImAddress",
}
"""Collections of plain entries, and the path of one entry."""

ADDRESS_PARTS = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
ADDRESS_PATHS = {f"contacts:PhysicalAddress:{part}": part for part in ADDRESS_PARTS}
_ADDRESS_KEYS = ("Home", "Business", "Other")
_NAME_PARTS = (("FirstName", "GivenName"), ("MiddleName", "MiddleName"), ("LastName", "Surname"))


COLLECTIONS = {
    **{path: f"contacts:{name}" for name, path in DICTIONARIES.items()},
    **dict.fromkeys(ADDRESS_PATHS, "contacts:PhysicalAddresses"),
}
"""The path of an entry, as an IndexedFieldURI names it, and that of the collection that shows it."""


def put_entry(facts: MailFacts, path: str, key: str, written: str) -> MailFacts:
    """Set one entry of a dictionary, or take it away with an empty string."""
    rest = {name: value for name, value in facts.properties.items() if name != f"{path}/{key}"}
    return replace(facts, properties={**rest, f"{path}/{key}": written} if written else rest)


def entry_of(path: str, index: str, value: Element) -> tuple[str, bool]:
    """Read the one entry that an update holds: how it is kept, and whether it is what the path and index name."""
    entry = value.find(T + "Entry")
    if entry is None or entry.get("Key") != index:
        return "", False
    if path in ADDRESS_PATHS:
        return entry.findtext(T + ADDRESS_PATHS[path]) or "", entry.find(T + ADDRESS_PATHS[path]) is not None
    return plain_entry(entry), True


def plain_entry(entry: Element) -> str:
    """Write an entry of addresses or numbers. Its Name is what the request says: setting the text resets it."""
    attributes = "".join(
        f' {name}="{attribute(entry.get(name) or "")}"'
        for name in ("Key", "Name", "RoutingType", "MailboxType")
        if entry.get(name)
    )
    text = attribute(entry.text or "")
    return f"<t:Entry{attributes}>{text}</t:Entry>" if entry.text else ""


def read_collection(facts: MailFacts, name: str, element: Element) -> MailFacts:
    """Read a whole dictionary, as CreateItem gives it."""
    for entry in element.findall(T + "Entry"):
        key = entry.get("Key") or ""
        if name in DICTIONARIES:
            facts = put_entry(facts, DICTIONARIES[name], key, plain_entry(entry))
        else:
            for path, part in ADDRESS_PATHS.items():
                facts = put_entry(facts, path, key, attribute(entry.findtext(T + part) or ""))
    return facts


def _entries(name: str) -> Render:
    prefix = DICTIONARIES[name] + "/"

    def render(view: Rendering) -> str:
        properties = view.facts.properties
        found = "".join(properties[path] for path in sorted(properties) if path.startswith(prefix))
        return f"<t:{name}>{found}</t:{name}>" if found else ""

    return render


def _addresses(view: Rendering) -> str:
    found = "".join(_address(view.facts.properties, key) for key in _ADDRESS_KEYS)
    return f"<t:PhysicalAddresses>{found}</t:PhysicalAddresses>" if found else ""


def _address(properties: Mapping[str, str], key: str) -> str:
    parts = [(part, properties.get(f"{path}/{key}", "")) for path, part in ADDRESS_PATHS.items()]
    inside = "".join(f"<t:{part}>{value}</t:{part}>" for part, value in parts if value)
    return f'<t:Entry Key="{key}">{inside}</t:Entry>' if inside else ""


def _complete_name(view: Rendering) -> str:
    """CompleteName is read-only: it is made of the names that were written."""
    properties = view.facts.properties
    found = ""
    for shown, name in _NAME_PARTS:
        written = properties.get(f"contacts:{name}", "")
        found += written.replace(f"t:{name}>", f"t:{shown}>")
    return f"<t:CompleteName>{found}</t:CompleteName>" if found else ""


def _has_picture(view: Rendering) -> str:
    return f"<t:HasPicture>{boolean(any(one.contact_photo for one in view.facts.attachments))}</t:HasPicture>"


def renders() -> list[tuple[str, Render]]:
    """Give every property of a contact in the schema's order."""
    special: dict[str, Render] = {
        "CompleteName": _complete_name,
        "PhysicalAddresses": _addresses,
        "HasPicture": _has_picture,
        "ContactSource": lambda _: "<t:ContactSource>Store</t:ContactSource>",
        **{name: _entries(name) for name in DICTIONARIES},
    }
    return [(f"contacts:{name}", special.get(name) or kept(f"contacts:{name}")) for name in ORDER]
