"""Why is this mail here, or why not? Look for it in Exchange and in the store, and tell what decides, step by step.

Exchange is read first: what it has and a sync takes meanwhile is then found in the store. Nothing is written. A mailbox
whose email is switched off is not looked into.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from shared.errors import Invalid, SyncError
from shared.flows.documents import fetch, fetch_apart, unpack
from shared.flows.email.stored import LEAVING, failing_key, feed_key, item_of
from shared.flows.find_mail import MOST, Found, Question, find_in_exchange, find_stored, question
from shared.flows.head import TABLE, WANTED, read_head
from shared.flows.pauses import pauses_in_force
from shared.flows.reading import feed_scope
from shared.flows.settings_document import read_in_force
from shared.flows.sync_collection import email_rules
from shared.flows.whereabouts import mailbox_of
from shared.model.collection import Head
from shared.model.cursors import write_cursor
from shared.model.email import timestamp
from shared.model.explain import explain
from shared.model.explanation import Kept, Seen, Situation, Step, Unreadable, paired
from shared.model.folders import folder_paths
from shared.model.keys import collection_key
from shared.model.mail_steps import searched_folders
from shared.model.operator import Kind, Operator
from shared.ports import Row, World

_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class _Held:
    """A stored mail, with what the answer shows of it beside the facts that decide."""

    kept: Kept
    facts: dict[str, Any]
    created_cursor: str | None
    changed_cursor: str | None


async def explain_mail(
    world: World, operator: Operator, *, message_id: str = "", subject: str = "", with_content: bool
) -> dict[str, Any]:
    """Explain each mail with this Message-ID, or else this subject, newest first; one answer also where there is none.

    Without `with_content` a subject must be given whole, and none is answered. Raises Invalid("request-malformed").
    """
    asked = question(message_id, subject, whole=not with_content)
    if bool(asked.message_id) == bool(asked.subject) or len(message_id + subject) > _LONGEST:
        raise Invalid("request-malformed", f"give message_id or subject, one of them, at most {_LONGEST} characters")
    situation, found = await _look(world, operator, asked)
    key = collection_key(operator.mailbox_key, Kind.EMAIL)
    situation = await _with_collection(world, key, situation)
    held = [await _held(world, key, row, situation.head) for row in await find_stored(world, key, asked, found.seen)]
    by_item = {each.kept.item.item_id: each for each in held}
    pairs = [
        (one, kept)
        for one, kept in paired(found.seen, [each.kept for each in held])
        # One that is held and was not seen is in Exchange all the same, where only the newest were looked at.
        if one or found.is_all or (kept and kept.item.gone)
    ]
    paths = folder_paths(situation.tree)
    mails = []
    name = next(iter(asked.message_ids), "")
    for one, kept in pairs or [(None, None)]:
        unreadable = await _unreadable(world, key, one) if one else None
        told = explain(situation, one, kept, unreadable, message_id=name, subject=asked.subject)
        mail = _mail(one, by_item[kept.item.item_id] if kept else None, paths, with_content=with_content)
        mails.append(
            {
                "verdict": told.verdict.value,
                "decided": _step(told.decided),
                **mail,
                "steps": list(map(_step, told.steps)),
            }
        )
    return {
        "operator_id": operator.id,
        "mailbox": operator.mailbox,
        "at": timestamp(situation.now),
        "message_id": asked.message_id or None,
        "subject": asked.subject or None,
        "looked_in": sorted(paths[folder] for folder in searched_folders(situation)),
        "mails": sorted(mails, key=_newest_first, reverse=True)[:MOST],
    }


async def _look(world: World, operator: Operator, asked: Question) -> tuple[Situation, Found]:
    """The settings in force, and what Exchange has of the mail; nothing where email is off or Exchange refuses."""
    now_in_force = await read_in_force(world.rows, world.forgotten)
    configuration = now_in_force.configuration
    situation = Situation(world.now(), operator, configuration)
    if situation.off:
        return situation, Found()
    try:
        mailbox = await mailbox_of(world, operator, configuration)
        situation = replace(situation, keep=email_rules(configuration, mailbox, now_in_force.forgotten).keep)
        found = await find_in_exchange(world, mailbox, asked, configuration.email.folders)
    except SyncError as refused:
        return replace(situation, unsearched=(refused.code, refused.detail)), Found()
    return replace(situation, tree=found.tree), found


async def _with_collection(world: World, key: str, situation: Situation) -> Situation:
    """The same with how the collection stands just now."""
    found = await read_head(world.rows, world.blobs, key)
    wanted = await world.rows.get(TABLE, key, WANTED)
    return replace(
        situation,
        head=found[0] if found else Head(),
        asked_at=_moment(wanted, "at") if wanted else None,
        pauses=(await pauses_in_force(world)).all_of(situation.operator.id, Kind.EMAIL),
    )


async def _held(world: World, key: str, row: Row, head: Head) -> _Held:
    item = item_of(row)
    page = int(str(row.values["page"]))
    leaving = await world.rows.get(TABLE, key, LEAVING + item.item_id)
    removed: Sequence[str] = await fetch_apart(world.blobs, head.held.items) if head.held else ()
    created, created_cursor = await _told(world, key, item.born, item.item_id)
    changed, changed_cursor = await _told(world, key, page, item.item_id)
    kept = Kept(
        item,
        folder=str(row.values.get("folder", "")),
        page=page,
        created=created,
        changed=changed,
        gone_at=_moment(row, "gone_at"),
        leaving_since=_moment(leaving, "since") if leaving else None,
        removal_is_held=item.item_id in removed,
    )
    return _Held(kept, await fetch(world.blobs, row.values, "facts"), created_cursor, changed_cursor)


async def _told(world: World, key: str, page: int, item_id: str) -> tuple[datetime | None, str | None]:
    """When the feed's entry of an item was written in this page, and the cursor after it."""
    after = ""
    while True:
        rows = await world.rows.query(TABLE, key, first=feed_key(page, 0), before=feed_key(page + 1, 0), after=after)
        for row in rows.rows:
            entries = unpack(row.values["changes"])
            for number, (_, item, at) in enumerate(entries, 1):
                if item == item_id:
                    step = int(row.key.rpartition("-")[2])
                    return datetime.fromisoformat(at), write_cursor(feed_scope(key), page, step, number)
        after = rows.next
        if not after:
            return None, None


async def _unreadable(world: World, key: str, seen: Seen) -> Unreadable | None:
    row = await world.rows.get(TABLE, key, failing_key(seen.id))
    if row is None:
        return None
    code, detail = str(row.values["code"]), str(row.values.get("detail", ""))
    return Unreadable(code, detail, _moment(row, "first_at"), _moment(row, "last_at"), int(str(row.values["count"])))


def _mail(seen: Seen | None, held: _Held | None, paths: dict[str, str], *, with_content: bool) -> dict[str, Any]:
    """What names the mail: no body and no address; its subject only for who may read content."""
    facts = held.facts if held else {}
    email = seen.email if seen else None
    return {
        "folder": paths.get(seen.folder_id) if seen else None,
        "message_id": (email.internet_message_id if email else facts.get("internet_message_id")) or None,
        "subject": (email.subject if email else facts.get("subject")) if with_content else None,
        "received_at": timestamp(email.received) if email else facts.get("received_at"),
        "sent_at": timestamp(email.sent) if email else facts.get("sent_at"),
        "stored": _stored(held) if held else None,
    }


def _newest_first(mail: dict[str, Any]) -> str:
    return mail["received_at"] or mail["sent_at"] or ""


def _stored(held: _Held) -> dict[str, Any]:
    kept = held.kept
    return {
        "item_id": kept.item.item_id,
        "folder": kept.folder,
        "page": kept.page,
        "created_at": timestamp(kept.created),
        "created_cursor": held.created_cursor,
        "changed_at": timestamp(kept.changed),
        "changed_cursor": held.changed_cursor,
        "gone": kept.item.gone or None,
        "gone_at": timestamp(kept.gone_at),
    }


def _step(step: Step) -> dict[str, Any]:
    facts = asdict(step)
    texts = {name: facts[name] or None for name in ("setting", "code", "who", "remedy")}
    return {"at": timestamp(step.at), "what": step.what, "ok": step.ok, **texts}


def _moment(row: Row, column: str) -> datetime | None:
    value = row.values.get(column)
    return value if isinstance(value, datetime) else None
