"""Recall pauses that last: once a day, in the log and by mail, so that nobody finds out by chance that nothing comes."""

import logging
from datetime import UTC

from shared.flows.alert_mail import note_mail, send, written
from shared.flows.operators import find_operator
from shared.flows.pauses import PARTITION, TABLE, read_pauses
from shared.flows.receive_notification import write
from shared.flows.settings_document import settings_in_force
from shared.model.alert_texts import still_paused
from shared.model.alerts import recipients
from shared.model.pauses import Pause
from shared.ports import Delete, World

log = logging.getLogger(__name__)


async def recall_pauses(world: World) -> None:
    """Tell what has been paused for more than a day. A mail that is sent twice has the same Message-ID."""
    now = world.now()
    pauses = [each for each in (await read_pauses(world.rows)).by_scope.values() if not await _is_void(world, each)]
    lasting = sorted((each for each in pauses if each.lasts(now)), key=lambda each: each.at)
    for each in lasting:
        log.warning("pause-lasts: %s since %s, by %s: %s", each.scope, each.at.isoformat(), each.by, each.reason)
    configuration = await settings_in_force(world)
    sender, to = configuration.alerts.from_, recipients(configuration)
    if not lasting or not sender or not to:
        return
    name = f"pauses.{now.astimezone(UTC):%Y%m%d}"
    mail = written(still_paused(lasting), sender=sender, to=to, name=name, now=now)
    await note_mail(world, (await send(world, configuration, mail, to)).failed)


async def _is_void(world: World, pause: Pause) -> bool:
    """Whether the operator that is paused was removed meanwhile: then the pause ends too."""
    if pause.operator_id is None:
        return False
    operator = await find_operator(world.rows, pause.operator_id)
    if operator is not None and not operator.removed:
        return False
    await write(world.rows, TABLE, PARTITION, Delete(pause.scope))
    log.info("the pause of %s ends: the operator was removed", pause.operator_id)
    return True
