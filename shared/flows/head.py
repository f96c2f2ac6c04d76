"""The head row of a collection, between its facts (`model/collection.py`) and its columns.

Small facts are columns; the states of the folders and an intent are documents, since they can be large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from shared.flows.documents import fetch, place
from shared.model.collection import Head, Held, Intent, Phase, States, Tree, Trouble, WatchedFolder
from shared.model.exchange import Folder
from shared.ports import Blobs, Row, Rows, Value

TABLE = "collections"
HEAD = "head"
WANTED = "wanted"
_DOCUMENTS = ("states", "tree", "intent", "held", "trouble", "notes")
_TIMES = ("since", "last", "shut_since")
_COLUMNS = tuple(field.name for field in fields(Head) if field.name not in _DOCUMENTS)


class HeadWriter:
    """Writes heads; a document that did not change since the last head is not compressed and stored again."""

    def __init__(self, blobs: Blobs, collection: str) -> None:
        self._blobs = blobs
        self._collection = collection
        self._placed: dict[str, tuple[object, dict[str, Value]]] = {}

    async def columns(self, head: Head) -> dict[str, Value]:
        """The head's columns, with the blobs of large documents written."""
        columns: dict[str, Value] = {name: value for name in _COLUMNS if (value := getattr(head, name)) is not None}
        for name in _DOCUMENTS:
            columns |= await self._document(name, getattr(head, name))
        return columns

    async def _document(self, name: str, fact: Any) -> dict[str, Value]:
        if not fact or fact in _EMPTY:
            return {}
        known, columns = self._placed.get(name, (None, {}))
        if known is not fact:
            columns = await place(self._blobs, self._collection, name, _WRITE[name](fact))
            self._placed[name] = (fact, columns)
        return columns


async def read_head(rows: Rows, blobs: Blobs, collection: str) -> tuple[Head, str] | None:
    """The head of a collection and its etag; None where the collection was never claimed."""
    row = await rows.get(TABLE, collection, HEAD)
    return None if row is None else (await head_of(row, blobs), row.etag)


async def head_of(row: Row, blobs: Blobs, documents: Sequence[str] = _DOCUMENTS) -> Head:
    """A head from its row; with only some of its `documents` for those who need no more."""
    facts: dict[str, Any] = {name: row.values[name] for name in _COLUMNS if name in row.values}
    for name in documents:
        document = await fetch(blobs, row.values, name)
        if document is not None:
            facts[name] = _READ[name](document)
    return Head(**facts)


def small_head_of(row: Row) -> Head:
    """A head without its documents, for those who only need columns: page, lease, times."""
    return Head(**{name: row.values[name] for name in _COLUMNS if name in row.values})  # type: ignore[arg-type]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _write_folder(folder: WatchedFolder) -> list[Any]:
    before = None if folder.before is None else folder.before.isoformat()
    return [
        folder.id,
        folder.path,
        folder.by_sent,
        folder.phase.value,
        folder.sync_state,
        before,
        folder.drain_state,
        folder.unseen,
    ]


def _read_folder(parts: list[Any]) -> WatchedFolder:
    folder = WatchedFolder(parts[0], parts[1], parts[2], Phase(parts[3]), parts[4], _moment(parts[5]))
    return replace(folder, drain_state=parts[6], unseen=parts[7])


def _write_states(states: States) -> list[Any]:
    return [_write_folder(folder) for folder in states.folders]


def _read_states(document: list[Any]) -> States:
    return States(tuple(_read_folder(parts) for parts in document))


def _write_tree(tree: Tree) -> dict[str, Any]:
    folders = [[folder.id, folder.parent_id, folder.name, folder.folder_class] for folder in tree.folders]
    return {"folders": folders, "roots": tree.roots, "state": tree.state}


def _read_tree(document: Mapping[str, Any]) -> Tree:
    folders = tuple(Folder(*parts) for parts in document["folders"])
    return Tree(folders, tuple((name, folder) for name, folder in document["roots"]), document["state"])


def _write_intent(intent: Intent) -> dict[str, Any]:
    return {
        "page": intent.page,
        "folder_id": intent.folder_id,
        "refs": intent.refs,
        "states": _write_states(intent.states),
    }


def _read_intent(document: Mapping[str, Any]) -> Intent:
    refs = tuple(document["refs"])
    return Intent(document["page"], document["folder_id"], refs, _read_states(document["states"]))


def _write_held(held: Held) -> dict[str, Any]:
    return {**asdict(held), "since": held.since.isoformat()}


def _read_held(document: Mapping[str, Any]) -> Held:
    return Held(**{**document, "since": datetime.fromisoformat(document["since"])})


def _write_trouble(trouble: Trouble) -> dict[str, Any]:
    times = {name: _text(getattr(trouble, name)) for name in _TIMES}
    return {**asdict(trouble), **times}


def _read_trouble(document: Mapping[str, Any]) -> Trouble:
    times = {name: _moment(document.get(name)) for name in _TIMES}
    return Trouble(**{**document, **times, "request_ids": tuple(document.get("request_ids", ()))})


_EMPTY = (States(), Tree())
_WRITE: dict[str, Any] = {
    "states": _write_states,
    "tree": _write_tree,
    "intent": _write_intent,
    "held": _write_held,
    "trouble": _write_trouble,
    "notes": list,
}
_READ: dict[str, Any] = {
    "states": _read_states,
    "tree": _read_tree,
    "intent": _read_intent,
    "held": _read_held,
    "trouble": _read_trouble,
    "notes": tuple,
}
