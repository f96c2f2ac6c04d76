"""Until when each scope was paused, as far as it matters: what was not tried since then may be well by now.

Without it whoever resumes after maintenance is told first of failures from before, which the next try would end.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.flows.alert_rows import read_state, write_state
from shared.flows.documents import pack, unpack
from shared.model.pauses import Pauses
from shared.ports import World

_PAUSED = "paused"
_MATTERS_FOR = timedelta(hours=5)
"""What fails is tried at least every four hours: what was not by then is told again."""


async def note_pauses(world: World, pauses: Pauses) -> Mapping[str, datetime]:
    """Note what is paused now; by scope, when it was last seen paused."""
    values, etag = await read_state(world.rows, _PAUSED)
    now = world.now()
    noted: dict[str, Any] = unpack(values["scopes"]) if "scopes" in values else {}
    before = {scope: datetime.fromisoformat(at) for scope, at in noted.items()}
    lately = {scope: at for scope, at in before.items() if timedelta(0) <= now - at < _MATTERS_FOR}
    seen = lately | dict.fromkeys(pauses.by_scope, now)
    if seen != before:
        document: dict[str, Any] = {scope: at.isoformat() for scope, at in seen.items()}
        await write_state(world.rows, _PAUSED, {"scopes": pack(document)}, etag)
    return seen
