"""The work of forgetting somebody, as it is stored: how far it is, what was removed, and at last the report.

The row is named by a hash of whom it is about. Which operator that is stands in it only as long as the work lasts; an
address never does.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.errors import Invalid, Transient, Unclear
from shared.model.email import timestamp
from shared.model.forgotten import fingerprint
from shared.model.keys import hashed
from shared.ports import Insert, Replace, Row, Rows, Value

TABLE, PARTITION = "configuration", "forget"
OPERATOR, ADDRESS = "operator-", "address-"
_NAME = re.compile(r"[a-z]+-[0-9a-v]{32}")
WORKING, DONE, STOPPED = "working", "done", "stopped"


@dataclass(frozen=True, slots=True)
class Job:
    """`subject`: the operator's id, empty at the end and where it is about an address. `stage` and `cursor`: where to go on.

    `checked_at`: when it was looked at again, after every worker that could still have written has ended.
    """

    id: str
    subject: str
    run: str
    by: str
    asked_at: datetime
    mailbox_key: str = ""
    state: str = WORKING
    stage: str = ""
    cursor: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    done_at: datetime | None = None
    checked_at: datetime | None = None

    def counting(self, **more: int) -> "Job":
        """The same with more removed."""
        return replace(self, counts={**self.counts, **{name: self.counts.get(name, 0) + n for name, n in more.items()}})


def job_id(prefix: str, subject: str) -> str:
    """The name of the work: it tells nothing, and whoever knows the subject finds it again."""
    return prefix + hashed(subject)


def name_of(address: str) -> str:
    """The name of the work of forgetting an address, however that is written."""
    return ADDRESS + fingerprint(address)


def fingerprint_in(name: str) -> str:
    """The address's fingerprint in such a name; empty for any other name."""
    return name.removeprefix(ADDRESS) if name.startswith(ADDRESS) and _NAME.fullmatch(name) else ""


async def read_job(rows: Rows, name: str) -> tuple[Job | None, str]:
    """The job and its row's etag; None and "" where there never was one."""
    row = await rows.get(TABLE, PARTITION, name)
    return (None, "") if row is None else (_job(row), row.etag)


async def reported(rows: Rows, name: str) -> Job:
    """The job of that name. Raises Invalid("forget-unknown")."""
    job, _ = await read_job(rows, name) if _NAME.fullmatch(name) else (None, "")
    if job is None:
        raise Invalid("forget-unknown", "nobody has asked to forget this")
    return job


async def write_job(rows: Rows, job: Job, etag: str) -> str:
    """Store the job if its row is still at `etag` ("": there is none); the new etag.

    Raises Conflict where another worker goes on with it, Transient where that cannot be known.
    """
    values: dict[str, Value] = {name: value for name, value in asdict(job).items() if value is not None}
    del values["id"]
    values["counts"] = json.dumps(job.counts)
    try:
        change = Replace(job.id, values, etag) if etag else Insert(job.id, values)
        return (await rows.transact(TABLE, PARTITION, [change]))[0]
    except Unclear as unclear:
        raise Transient("storage-unavailable", "a write was not acknowledged") from unclear


def report(job: Job) -> dict[str, Any]:
    """What is told of it."""
    return {
        "id": job.id,
        "state": job.state,
        "stage": job.stage or None,
        "removed": dict(job.counts),
        "by": job.by,
        "asked_at": timestamp(job.asked_at),
        "done_at": timestamp(job.done_at),
        "checked_at": timestamp(job.checked_at),
    }


def _job(row: Row) -> Job:
    values: dict[str, Any] = {**row.values, "counts": json.loads(str(row.values["counts"]))}
    return Job(id=row.key, **values)
