"""ItemShape and its kin: what a request wants to see of each item, read once per request, then written per item."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from devtools.exchange_simulator import contacts, extended, properties
from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import attribute
from devtools.exchange_simulator.properties import BY_PATH, EXTENDED_PLACE, PROPERTIES, Property, element_name
from devtools.exchange_simulator.rendering import Render, Rendering, Shown
from devtools.exchange_simulator.soap import Element, ItemError, Piece, SoapFault, Streamed, T
from devtools.exchange_simulator.versions import at_least

Columns = tuple[Render, ...]
_SHAPES = {
    "IdOnly": {"IdOnly"},
    "Default": {"IdOnly", "Default"},
    "AllProperties": {"IdOnly", "Default", "AllProperties"},
}
_PLACES = {one.path: place for place, one in enumerate(PROPERTIES)}


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape that was read: properties before and after the place of extended ones, in the schema's order."""

    before: tuple[Property, ...]
    after: tuple[Property, ...]
    fields: tuple[extended.ExtendedField, ...]
    version: str
    brief: bool
    mime: bool = False
    body_type: str = "Best"
    maximum_body: int = 0
    header_names: frozenset[str] | None = None
    names_only: bool = False
    _of_element: dict[str, tuple[Columns, Columns]] = field(default_factory=dict, compare=False)

    def of_element(self, name: str) -> tuple[Columns, Columns]:
        """Give what items of this element have of the properties before and after the extended ones."""
        found = self._of_element.get(name)
        if found is None:
            before, after = (
                tuple(one.render for one in some if name in one.elements) for some in (self.before, self.after)
            )
            found = self._of_element[name] = (before, after)
        return found


def read_shape(
    shape: Element | None, version: str, *, brief: bool, names_only: bool = False, lenient: bool = False
) -> Shape:
    """Read a shape. What only GetItem gives raises ItemError or, `lenient`, is silently empty (PROTOCOL 7.3)."""
    base = _text(shape, "BaseShape", "AllProperties")
    additional = shape.find(T + "AdditionalProperties") if shape is not None else None
    paths, fields, header_names = _asked(() if additional is None else additional, version, brief and not lenient)
    chosen = [
        one
        for one in PROPERTIES
        if (one.path in paths and (one.find or not brief))
        or (one.shape in _SHAPES[base] and (one.find or not brief) and at_least(version, one.since))
    ]
    if base == "AllProperties":
        header_names = None
    return Shape(
        before=tuple(one for one in chosen if _PLACES[one.path] < EXTENDED_PLACE),
        after=tuple(one for one in chosen if _PLACES[one.path] > EXTENDED_PLACE),
        fields=tuple(fields),
        version=version,
        brief=brief,
        mime=not brief
        and (_text(shape, "IncludeMimeContent", "false") in ("true", "1") or "item:MimeContent" in paths),
        body_type=_text(shape, "BodyType", "Best"),
        maximum_body=int(_text(shape, "MaximumBodySize", "0")),
        header_names=header_names,
        names_only=names_only,
    )


def _text(shape: Element | None, name: str, default: str) -> str:
    return (shape.findtext(T + name) or default).strip() if shape is not None else default


def _asked(
    additional: Iterable[Element], version: str, brief: bool
) -> tuple[set[str], list[extended.ExtendedField], frozenset[str] | None]:
    paths: set[str] = set()
    fields: list[extended.ExtendedField] = []
    header_names: set[str] = set()
    for element in additional:
        kind = etree.QName(element).localname if isinstance(element.tag, str) else ""
        path = element.get("FieldURI") or ""
        if kind == "ExtendedFieldURI":
            fields.append(extended.read_field(element))
        elif kind == "IndexedFieldURI" and path == "item:InternetMessageHeader":
            _allowed(path, kind, brief, version)
            header_names.add((element.get("FieldIndex") or "").lower())
        elif kind == "IndexedFieldURI" and path in contacts.COLLECTIONS:
            paths.add(contacts.COLLECTIONS[path])  # one entry is answered with all that its collection has
        elif kind == "FieldURI":
            _allowed(path, kind, brief, version)
            paths.add(path)
    found = paths | ({"item:InternetMessageHeaders"} if header_names else set())
    keep = None if "item:InternetMessageHeaders" in paths or not header_names else frozenset(header_names)
    return found, fields, keep


def _allowed(path: str, kind: str, brief: bool, version: str) -> None:
    known = BY_PATH.get(path)
    if known and not at_least(version, known.since):
        raise SoapFault("ErrorIncorrectSchemaVersion", f"{path} is newer than the request's version {version}.")
    if brief and (path in properties.GET_ONLY_ELSEWHERE or (known and not known.find)):
        raise ItemError("ErrorInvalidPropertyRequest", path=f'<t:{kind} FieldURI="{attribute(path)}"/>')


def item_pieces(item: Item, mailbox: Mailbox, shape: Shape) -> list[Piece]:
    """Write one item of a mailbox in its element."""
    return pieces(item, item, mailbox, shape, ())


def pieces(item: Shown, root: Item, mailbox: Mailbox, shape: Shape, path: tuple[int, ...]) -> list[Piece]:
    """Write an item, or a message that is attached to `root` at `path`, in its element."""
    view = Rendering(
        item,
        root,
        item.content.facts(),
        mailbox,
        shape.version,
        shape.brief,
        shape.names_only,
        shape.body_type,
        shape.maximum_body,
        path,
        shape.header_names,
    )
    name = element_name(item.item_class)
    if shape.mime and name == "Item":
        raise ItemError("ErrorUnsupportedMimeConversion", "An item of this class has no MIME form.")
    before, after = shape.of_element(name)
    written = [render(view) for render in before]
    if shape.fields:
        written += [extended.written(one, extended.item_value(view, one), brief=shape.brief) for one in shape.fields]
    written += [render(view) for render in after]
    content = "".join(written)
    if not shape.mime:
        return [f"<t:{name}>{content}</t:{name}>"]
    mime = Streamed(item.content.mime_blocks)
    return [f'<t:{name}><t:MimeContent CharacterSet="UTF-8">', mime, f"</t:MimeContent>{content}</t:{name}>"]


def ids_only(version: str) -> Shape:
    """The shape of answers that give only a new ItemId."""
    return Shape((BY_PATH["item:ItemId"],), (), (), version, brief=False)


def created(version: str) -> Shape:
    """The shape of the answer to CreateItem: the ids of the item and of its attachments."""
    return Shape((BY_PATH["item:ItemId"], BY_PATH["item:Attachments"]), (), (), version, brief=False)
