"""Take over settings of the earlier product: read the file, say what each becomes, and change the document."""

from dataclasses import dataclass
from typing import Any

from shared.errors import Invalid
from shared.flows.settings_document import Changed, patch_settings, read_document
from shared.model.setting_file import read_settings_file
from shared.model.setting_import import Mapped, as_patch, holding, map_settings
from shared.model.setting_problems import name_problems
from shared.ports import World


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of each setting of the file, and of the document."""

    mapped: tuple[Mapped, ...]
    changed: Changed


async def import_settings(
    world: World, content: bytes, *, connection: str, by: str = "", secret: str = "", dry_run: bool = False
) -> Imported:
    """Take what can be taken; a dry run only says what that is.

    Raises Invalid("settings-file-invalid"), and what `patch_settings` raises.
    """
    if wrong := list(name_problems(connection)):
        raise Invalid("setting-invalid", "\n".join(wrong))
    document, version = await read_document(world.rows)
    mapped = holding(document, map_settings(read_settings_file(content), connection))
    patch: dict[str, Any] = as_patch(mapped)
    changed = await patch_settings(world, patch, version=version, by=by, secret=secret, dry_run=dry_run)
    return Imported(mapped, changed)
