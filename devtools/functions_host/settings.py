"""App settings as the real host sees them: environment variables over `local.settings.json`.

They fill in `%NAME%` in bindings, name the storage connections and switch functions off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from .errors import ConfigurationError

_PLACEHOLDER = re.compile(r"%([^%\s]+)%")
DEFAULT_CONNECTION = "AzureWebJobsStorage"
_IDENTITY_SUFFIXES = ("queueServiceUri", "accountName", "serviceUri")


class Settings:
    """The settings of one run of the host; `values` already has them in their order of precedence."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = dict(values)

    def resolve(self, text: str, *, used_by: str) -> str:
        """Put settings in the place of `%NAME%`. Raises ConfigurationError when one is missing."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.values:
                raise ConfigurationError(f"{used_by} needs the setting {name}, which is not set: %{name}%.")
            return self.values[name]

        return _PLACEHOLDER.sub(value, text)

    def connection_string(self, name: str, *, used_by: str) -> str:
        """The storage connection behind a binding's `connection`. Raises ConfigurationError when there is none."""
        wanted = name or DEFAULT_CONNECTION
        for candidate in (f"AzureWebJobs{wanted}", wanted):
            if self.values.get(candidate):
                return self.values[candidate]
        identity = next((f"{wanted}__{end}" for end in _IDENTITY_SUFFIXES if f"{wanted}__{end}" in self.values), None)
        if identity:
            raise ConfigurationError(
                f"{used_by} uses {identity}: an identity-based connection works in Azure only. "
                f"Set {wanted} to a connection string for local runs."
            )
        raise ConfigurationError(f"{used_by} needs the storage connection {wanted}, which is not set.")

    def is_disabled(self, function: str) -> bool:
        """Azure's own switch; the form with underscores is for Linux, where dots are refused."""
        names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
        return any(self.values.get(name, "").strip().lower() in ("true", "1") for name in names)


def local_settings(app_root: Path) -> dict[str, str]:
    """The values of local.settings.json, where there is one. Raises ConfigurationError when it cannot be read."""
    path = app_root / "local.settings.json"
    if not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        encrypted, values = bool(document.get("IsEncrypted")), dict(document.get("Values", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if encrypted:
        raise ConfigurationError(f"{path} is encrypted: run `func settings decrypt` in its folder.")
    return {str(name): str(value) for name, value in values.items()}
