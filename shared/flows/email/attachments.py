"""An email's attachments: streamed from Exchange into blobs, or listed with the reason why not."""

from collections.abc import Sequence
from typing import Any

from shared.errors import Permanent, SyncError, Transient
from shared.flows.documents import blob_prefix
from shared.flows.email.run import Run
from shared.model.email import Attachment, AttachmentKind, Email


async def store_attachments(run: Run, email: Email, before: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Describe every attachment for the item's `files` document; contents not stored `before` are fetched now.

    One that is too large or cannot be read is listed with its failure, and fetched when somebody asks for it. An
    attachment never changes (Exchange makes a new one), but all ids change when its mail moves: then name, kind and
    size tell.
    """
    known = {file["exchange_id"]: file for file in before}
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for file in before:
        alike.setdefault((file["name"], file["kind"], file["size"], file["content_id"]), []).append(file)
    files = []
    for number, attachment in enumerate(email.attachments):
        facts = _facts(number, attachment)
        name = (attachment.name, attachment.kind.value, attachment.size, attachment.content_id)
        same = known.get(attachment.id) or next(iter(alike.get(name, ())), None)
        if same is not None and same in alike.get(name, ()):
            alike[name].remove(same)  # two that look alike are not the same one: they keep their order
        if same is not None and same["blob"]:
            facts |= {"blob": same["blob"], "stored_size": same["stored_size"]}
        else:
            facts |= await _content(run, attachment)
        files.append(facts)
    return files


def _facts(number: int, attachment: Attachment) -> dict[str, Any]:
    return {
        "n": number,
        "name": attachment.name,
        "kind": attachment.kind.value,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "is_inline": attachment.is_inline,
        "content_id": attachment.content_id,
        "url": attachment.url,
        "exchange_id": attachment.id,
        "blob": None,
        "stored_size": None,
        "failure": None,
    }


async def _content(run: Run, attachment: Attachment) -> dict[str, Any]:
    if attachment.kind is AttachmentKind.REFERENCE:
        return {}
    if attachment.size > run.rules.attachment_bytes:
        return {"failure": "attachment-too-large"}
    await run.keep_lease()
    chunks = run.world.exchange.attachment(run.mailbox, attachment.id)
    try:
        name, size = await run.world.blobs.put_stream(blob_prefix(run.key), chunks)
    except Permanent as refused:
        return {"failure": refused.code}
    except Transient as failed:
        if not run.stubborn or _is_storage(failed):
            raise
        return {"failure": failed.code}
    return {"blob": name, "stored_size": size}


def _is_storage(failure: SyncError) -> bool:
    return failure.code.startswith("storage-")
