"""Properties of calendar items that are kept as they were written, read back as elements."""

from lxml import etree

from devtools.exchange_simulator.mail import MailFacts
from devtools.exchange_simulator.markup import TYPES
from devtools.exchange_simulator.soap import Element


def inside(facts: MailFacts, name: str, *, space: str = "calendar") -> Element | None:
    """Give a property that is kept, as an element, or None."""
    written = facts.properties.get(f"{space}:{name}")
    if written is None:
        return None
    return etree.fromstring(f'<r xmlns:t="{TYPES}">{written}</r>')[0]


def inside_text(facts: MailFacts, name: str, default: str = "", *, space: str = "calendar") -> str:
    """Give the text of a property that is kept."""
    found = inside(facts, name, space=space)
    return default if found is None else found.text or default
