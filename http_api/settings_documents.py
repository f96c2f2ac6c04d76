"""The JSON documents of the settings routes beside the settings themselves, as models."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.model.setting_import import State


class SettingChange(BaseModel):
    """One setting of a change; null stands for a setting that is not set, so that its default holds."""

    setting: str
    from_: Any = Field(alias="from")
    to: Any


class SettingsChange(BaseModel):
    """One change of the settings document."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(description="Counts all changes from 1.")
    at: datetime
    by: str
    changes: list[SettingChange]


class SettingsHistory(BaseModel):
    """Changes, newest first; the latest 1000 are kept."""

    items: list[SettingsChange]
    next: str | None


class ImportedSetting(BaseModel):
    """A setting of the earlier product and what becomes of it."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(description="Where it stands in the file; in JSON it counts the entries.")
    there: str
    state: State
    here: str | None
    value: Any = Field(description="What is written here; null where nothing is.")
    reason: str | None


class SettingsImported(BaseModel):
    """What became of each setting of a file; `will` and `harm` as in the answer of a change."""

    items: list[ImportedSetting]
    will: list[str]
    harm: list[str]
