"""One item on its way into an answer: what is shown, to whom, and how its parts are written.

`Shown` is an item of a mailbox or a message that is attached to one; both are written by the same property table.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from devtools.exchange_simulator.bodies import html_of_text, text_of_html
from devtools.exchange_simulator.identifiers import write_id
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mail import Address, Attachment, Content, MailFacts
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import attribute, boolean, stamp, text
from devtools.exchange_simulator.soap import Piece
from devtools.exchange_simulator.versions import at_least

FIND_LIMIT = 255


class Shown(Protocol):
    """What the property table needs of an item."""

    @property
    def subject(self) -> str: ...
    @property
    def sensitivity(self) -> str: ...
    @property
    def importance(self) -> str: ...
    @property
    def categories(self) -> tuple[str, ...]: ...
    @property
    def flag(self) -> str: ...
    @property
    def item_class(self) -> str: ...
    @property
    def extended(self) -> dict[str, str | tuple[str, ...]]: ...
    @property
    def size(self) -> int: ...
    @property
    def received(self) -> datetime: ...
    @property
    def created(self) -> datetime: ...
    @property
    def modified(self) -> datetime: ...
    @property
    def is_read(self) -> bool: ...
    @property
    def is_draft(self) -> bool: ...
    @property
    def search_key(self) -> bytes: ...
    @property
    def content(self) -> Content: ...


@dataclass(frozen=True, slots=True)
class AttachedItem:
    """A message inside an ItemAttachment: it has no id of its own and its root's times."""

    content: Content
    root: Item
    extended: dict[str, str | tuple[str, ...]]
    is_read: bool = True
    is_draft: bool = False
    flag: str = "NotFlagged"

    @property
    def subject(self) -> str:
        return self.content.facts().subject

    @property
    def sensitivity(self) -> str:
        return self.content.facts().sensitivity

    @property
    def importance(self) -> str:
        return self.content.facts().importance

    @property
    def categories(self) -> tuple[str, ...]:
        return self.content.facts().categories

    @property
    def item_class(self) -> str:
        return self.content.facts().item_class

    @property
    def size(self) -> int:
        return self.content.size

    @property
    def received(self) -> datetime:
        return self.content.facts().sent or self.root.received

    @property
    def created(self) -> datetime:
        return self.root.created

    @property
    def modified(self) -> datetime:
        return self.root.modified

    @property
    def search_key(self) -> bytes:
        return self.content.search_key


@dataclass(slots=True)
class Rendering:
    """An item, and how the request wants to see it.

    `brief` is FindItem and SyncFolderItems: long strings are cut; `names_only` is how the oldest product gives
    From and Sender there (PROTOCOL 7.3).
    """

    item: Shown
    root: Item
    facts: MailFacts
    mailbox: Mailbox
    version: str
    brief: bool = False
    names_only: bool = False
    body_type: str = "Best"
    maximum_body: int = 0
    attachment_path: tuple[int, ...] = ()
    header_names: frozenset[str] | None = None


Render = Callable[[Rendering], str]


def string(element: str, value: Callable[[Rendering], str]) -> Render:
    """A string property: absent when empty, cut in Find answers."""

    def render(view: Rendering) -> str:
        found = value(view)
        if not found:
            return ""
        return f"<t:{element}>{text(found[:FIND_LIMIT] if view.brief else found)}</t:{element}>"

    return render


def truth(element: str, value: Callable[[Rendering], bool]) -> Render:
    """A boolean property: always there."""
    return lambda view: f"<t:{element}>{boolean(value(view))}</t:{element}>"


def time(element: str, value: Callable[[Rendering], datetime | None]) -> Render:
    """A time: absent when unknown."""

    def render(view: Rendering) -> str:
        found = value(view)
        return f"<t:{element}>{stamp(found)}</t:{element}>" if found else ""

    return render


def kept(path: str, otherwise: str = "") -> Render:
    """A property that is kept as the element that was written; `otherwise` is what an item without it shows."""
    return lambda view: view.facts.properties.get(path, otherwise)


def binary(element: str, value: Callable[[Rendering], bytes]) -> Render:
    """Bytes as base64."""
    return lambda view: f"<t:{element}>{b64encode(value(view)).decode()}</t:{element}>"


def strings(element: str, value: Callable[[Rendering], Sequence[str]]) -> Render:
    """A list of strings: absent when empty."""

    def render(view: Rendering) -> str:
        found = "".join(f"<t:String>{text(one)}</t:String>" for one in value(view))
        return f"<t:{element}>{found}</t:{element}>" if found else ""

    return render


def people(element: str, value: Callable[[Rendering], Sequence[Address]]) -> Render:
    """A list of recipients: absent when empty."""

    def render(view: Rendering) -> str:
        found = "".join(mailbox_of(one) for one in value(view))
        return f"<t:{element}>{found}</t:{element}>" if found else ""

    return render


def person(element: str, value: Callable[[Rendering], Address | None]) -> Render:
    """One recipient; the oldest product gives only the name in Find answers."""

    def render(view: Rendering) -> str:
        found = value(view)
        if found is None:
            return ""
        name = f"<t:Mailbox><t:Name>{text(found.name or found.address)}</t:Name></t:Mailbox>"
        inside = name if view.brief and view.names_only else mailbox_of(found)
        return f"<t:{element}>{inside}</t:{element}>"

    return render


def mailbox_of(one: Address) -> str:
    """Write a t:Mailbox; an address that is empty is left out, as the schema wants."""
    address = text(one.address)
    where = f"<t:EmailAddress>{address}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType>" if address else ""
    return f"<t:Mailbox><t:Name>{text(one.name or one.address)}</t:Name>{where}</t:Mailbox>"


def body(element: str, kind: str | None) -> Render:
    """A body in the kind that is asked for, or in a fixed one; MaximumBodySize cuts it (2013 and later)."""

    def render(view: Rendering) -> str:
        facts = view.facts
        wanted = kind or view.body_type
        if wanted == "Best":
            wanted = "HTML" if facts.html is not None else "Text"
        content = body_text(facts) if wanted == "Text" else body_html(facts)
        cut = ""
        if at_least(view.version, "Exchange2013"):
            limited = 0 < view.maximum_body < len(content)
            cut = f' IsTruncated="{boolean(limited)}"'
            content = content[: view.maximum_body] if limited else content
        return f'<t:{element} BodyType="{wanted}"{cut}>{text(content)}</t:{element}>'

    return render


def body_text(facts: MailFacts) -> str:
    """Give the text body, made from the HTML when the message has none."""
    if facts.text is not None and (facts.text or not facts.html):
        return facts.text
    return text_of_html(facts.html or "")


def body_html(facts: MailFacts) -> str:
    """Give the HTML body, made from the text when the message has none."""
    return facts.html if facts.html is not None else html_of_text(facts.text or "")


def headers(view: Rendering) -> str:
    """The internet headers, all or those that were asked for by name."""
    wanted = view.header_names
    found = "".join(
        f'<t:InternetMessageHeader HeaderName="{attribute(name)}">{text(value)}</t:InternetMessageHeader>'
        for name, value in view.facts.headers
        if wanted is None or name.lower() in wanted
    )
    return f"<t:InternetMessageHeaders>{found}</t:InternetMessageHeaders>" if found else ""


def attachments(view: Rendering) -> str:
    """The attachments' metadata (PROTOCOL 10)."""
    found = "".join(
        "".join(
            piece
            for piece in attachment(view.root, one, (*view.attachment_path, place(one, number)), ())
            if isinstance(piece, str)
        )
        for number, one in enumerate(view.facts.attachments)
    )
    return f"<t:Attachments>{found}</t:Attachments>" if found else ""


def place(one: Attachment, number: int) -> int:
    """Give the step of an attachment's id: its own key, else where it stands in the message."""
    return number if one.key is None else one.key


def attachment(root: Item, one: Attachment, path: tuple[int, ...], content: Sequence[Piece]) -> list[Piece]:
    """Write one attachment; `content` is what GetAttachment adds to the metadata."""
    element = "ItemAttachment" if one.message else "FileAttachment"
    place = "".join(
        f"<t:{name}>{text(value)}</t:{name}>"
        for name, value in (("ContentId", one.content_id), ("ContentLocation", one.content_location))
        if value
    )
    head = (
        f'<t:{element}><t:AttachmentId Id="{write_id("attachment", root.folder.mailbox, root.number, path)}"/>'
        f"<t:Name>{text(one.name)}</t:Name><t:ContentType>{text(one.content_type)}</t:ContentType>{place}"
        f"<t:Size>{min(one.size + 128, 2**31 - 1)}</t:Size><t:LastModifiedTime>{stamp(root.modified)}</t:LastModifiedTime>"
        f"<t:IsInline>{boolean(one.inline)}</t:IsInline>"
    )
    photo = "" if one.message else f"<t:IsContactPhoto>{boolean(one.contact_photo)}</t:IsContactPhoto>"
    return [head + photo, *content, f"</t:{element}>"]
