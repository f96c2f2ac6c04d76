"""FolderShape, and one folder in its element. Sources: Types.xsd (BaseFolderType and its kin), PROTOCOL 4.6 and 5."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from devtools.exchange_simulator import extended
from devtools.exchange_simulator.call import elements
from devtools.exchange_simulator.items import Folder
from devtools.exchange_simulator.mailbox import Mailbox
from devtools.exchange_simulator.markup import text
from devtools.exchange_simulator.soap import Element, T

_DEFAULT = {"folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"}
_ELEMENTS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}
_WITHOUT_UNREAD = ("CalendarFolder", "ContactsFolder")


@dataclass(frozen=True, slots=True)
class FolderShape:
    """What a request wants to see of each folder."""

    paths: frozenset[str]
    fields: tuple[extended.ExtendedField, ...]


def read_folder_shape(shape: Element | None) -> FolderShape:
    """Read a FolderShape. Raises ItemError."""
    base = (shape.findtext(T + "BaseShape") or "AllProperties") if shape is not None else "AllProperties"
    paths = {"IdOnly": set[str](), "Default": _DEFAULT, "AllProperties": _DEFAULT | set(_PROPERTIES)}[base]
    asked = elements(shape.find(T + "AdditionalProperties")) if shape is not None else []
    fields = [extended.read_field(one) for one in asked if etree.QName(one).localname == "ExtendedFieldURI"]
    more = {one.get("FieldURI") or "" for one in asked if etree.QName(one).localname == "FieldURI"}
    return FolderShape(frozenset({"folder:FolderId"} | paths | more), tuple(fields))


def ids_of_folders() -> FolderShape:
    """The shape of answers that give only ids."""
    return FolderShape(frozenset({"folder:FolderId"}), ())


def folder_element(folder: Folder, mailbox: Mailbox, shape: FolderShape) -> str:
    """Write one folder; calendars and contacts have no unread count."""
    name = _ELEMENTS.get(folder.folder_class, "Folder")
    written = []
    for path, render in _PROPERTIES.items():
        if path == "extended":
            written += [extended.written(one, extended.folder_value(folder, one, mailbox)) for one in shape.fields]
        elif path in shape.paths and not (path == "folder:UnreadCount" and name in _WITHOUT_UNREAD):
            written.append(render(folder, mailbox))
    return f"<t:{name}>{''.join(written)}</t:{name}>"


def _rights(_folder: Folder, _mailbox: Mailbox) -> str:
    return (
        "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents>"
        "<t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
        "<t:Read>true</t:Read></t:EffectiveRights>"
    )


def _parent(folder: Folder, _mailbox: Mailbox) -> str:
    above = folder.parent
    return f'<t:ParentFolderId Id="{above.id}" ChangeKey="{above.change_key}"/>' if above else ""


_PROPERTIES: dict[str, Callable[[Folder, Mailbox], str]] = {
    "folder:FolderId": lambda folder, _: f'<t:FolderId Id="{folder.id}" ChangeKey="{folder.change_key}"/>',
    "folder:ParentFolderId": _parent,
    "folder:FolderClass": lambda folder, _: (
        f"<t:FolderClass>{text(folder.folder_class)}</t:FolderClass>" if folder.folder_class else ""
    ),
    "folder:DisplayName": lambda folder, _: f"<t:DisplayName>{text(folder.name)}</t:DisplayName>",
    "folder:TotalCount": lambda folder, _: f"<t:TotalCount>{len(folder.items)}</t:TotalCount>",
    "folder:ChildFolderCount": lambda folder, mailbox: (
        f"<t:ChildFolderCount>{len(mailbox.children(folder))}</t:ChildFolderCount>"
    ),
    "extended": lambda _folder, _mailbox: "",
    "folder:EffectiveRights": _rights,
    "folder:DistinguishedFolderId": lambda folder, _: (
        f"<t:DistinguishedFolderId>{folder.distinguished}</t:DistinguishedFolderId>" if folder.distinguished else ""
    ),
    "folder:UnreadCount": lambda folder, _: f"<t:UnreadCount>{folder.unread}</t:UnreadCount>",
}
