"""Environment settings: facts of the deployment, which Azure calls app settings, read once in one place.

What an administrator changes while the app runs is in the settings document instead (`shared/model/configuration.py`).
DESIGN 3; `ENVIRONMENT` is what the documentation is made from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from shared.errors import Invalid

STORAGE = "AzureWebJobsStorage"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class EnvironmentSetting:
    """One environment setting, for the documentation; `default` is "" where there is none."""

    name: str
    default: str
    meaning: str


ENVIRONMENT = (
    EnvironmentSetting(STORAGE, "", "Connection string of the storage account; or one of the two groups below."),
    EnvironmentSetting(
        f"{STORAGE}__accountName", "", "Storage account's name, where the app's identity has rights on it."
    ),
    EnvironmentSetting(f"{STORAGE}__tableServiceUri", "", "Table endpoint, where it does not follow from the name."),
    EnvironmentSetting(f"{STORAGE}__blobServiceUri", "", "Blob endpoint, likewise."),
    EnvironmentSetting(f"{STORAGE}__queueServiceUri", "", "Queue endpoint, likewise."),
    EnvironmentSetting(
        f"{STORAGE}__credential", "", "`managedidentity` in Azure; without it, the developer's own sign-in too."
    ),
    EnvironmentSetting(f"{STORAGE}__clientId", "", "Client id of a user-assigned identity; needs `__credential`."),
    EnvironmentSetting(
        "EXSYNC_VAULT_URL", "", "Key Vault with the secrets, `https://….vault.azure.net`; without it, EXSYNC_SECRET_…."
    ),
    EnvironmentSetting(
        "EXSYNC_SECRETS_FOLDER",
        "",
        "Folder for secrets that are set while the app runs without a Key Vault (`exsync trust add`), a file each.",
    ),
    EnvironmentSetting(
        "EXSYNC_TIME_BUDGET_SECONDS", "240", "How long one function call works before it continues in the next."
    ),
    EnvironmentSetting("EXSYNC_LOG_LEVEL", "INFO", f"One of {', '.join(LOG_LEVELS)}."),
    EnvironmentSetting(
        "SCHEDULE_SUBSCRIPTIONS",
        "0 */5 * * * *",
        "When push subscriptions are looked after. Must be set; the usual value.",
    ),
    EnvironmentSetting(
        "SCHEDULE_EMAIL_SYNC",
        "0 * * * * *",
        "When collections of email are looked through. Must be set; the usual value.",
    ),
    EnvironmentSetting(
        "SCHEDULE_ALERTS",
        "0 */5 * * * *",
        "When failures that last are told. Must be set; the usual value.",
    ),
)
_DEFAULTS = {setting.name: setting.default for setting in ENVIRONMENT}
_SCHEDULE_PART = re.compile(r"[0-9A-Za-z*/,\-]+")


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """How to reach storage: by connection string, or by the three endpoints with the app's identity.

    `managed_identity` false with identity: any credential that azure-identity finds (a developer's sign-in).
    """

    connection_string: str = ""
    table_url: str = ""
    blob_url: str = ""
    queue_url: str = ""
    managed_identity: bool = False
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All environment settings. `vault_url` is "" where secrets are environment variables."""

    storage: StorageSettings
    vault_url: str
    secrets_folder: Path | None
    time_budget: timedelta
    log_level: str
    schedules: Mapping[str, str]


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all environment settings. Raises Invalid("setting-invalid") that names the setting to mend."""
    return Settings(
        storage=_storage(environ),
        vault_url=_url(environ, "EXSYNC_VAULT_URL"),
        secrets_folder=_folder(environ, "EXSYNC_SECRETS_FOLDER"),
        time_budget=_seconds(environ, "EXSYNC_TIME_BUDGET_SECONDS", least=10, most=1800),
        log_level=_log_level(environ),
        schedules={name: _schedule(environ, name) for name in _DEFAULTS if name.startswith("SCHEDULE_")},
    )


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip() or _DEFAULTS[name]


def _storage(environ: Mapping[str, str]) -> StorageSettings:
    if connection_string := _value(environ, STORAGE):
        if connection_string != "UseDevelopmentStorage=true" and "AccountName=" not in connection_string:
            raise _invalid(STORAGE, "write the connection string that the portal shows under Access keys")
        return StorageSettings(connection_string=connection_string)
    credential = _value(environ, f"{STORAGE}__credential")
    if credential not in ("", "managedidentity"):
        raise _invalid(f"{STORAGE}__credential", "write `managedidentity` or remove it")
    return StorageSettings(
        table_url=_endpoint(environ, "table"),
        blob_url=_endpoint(environ, "blob"),
        queue_url=_endpoint(environ, "queue"),
        managed_identity=credential == "managedidentity",
        client_id=_value(environ, f"{STORAGE}__clientId"),
    )


def _endpoint(environ: Mapping[str, str], service: str) -> str:
    if url := _url(environ, f"{STORAGE}__{service}ServiceUri"):
        return url
    account = _value(environ, f"{STORAGE}__accountName")
    if not account:
        raise _invalid(STORAGE, f"write a connection string, or {STORAGE}__accountName for access by identity")
    if not re.fullmatch("[a-z0-9]{3,24}", account):
        raise _invalid(f"{STORAGE}__accountName", "write the account's name alone, without `https://` or a domain")
    return f"https://{account}.{service}.core.windows.net"


def _url(environ: Mapping[str, str], name: str) -> str:
    url = _value(environ, name).rstrip("/")
    if url and (urlsplit(url).scheme != "https" or not urlsplit(url).hostname):
        raise _invalid(name, "write a URL that begins with `https://`")
    return url


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    text = _value(environ, name)
    if text and not Path(text).is_absolute():
        raise _invalid(name, "write the folder's whole path, from the root")
    return Path(text) if text else None


def _seconds(environ: Mapping[str, str], name: str, *, least: int, most: int) -> timedelta:
    text = _value(environ, name)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise _invalid(name, f"write a whole number of seconds, {least} to {most}")
    return timedelta(seconds=int(text))


def _log_level(environ: Mapping[str, str]) -> str:
    level = _value(environ, "EXSYNC_LOG_LEVEL").upper()
    if level not in LOG_LEVELS:
        raise _invalid("EXSYNC_LOG_LEVEL", f"write one of {', '.join(LOG_LEVELS)}")
    return level


def _schedule(environ: Mapping[str, str], name: str) -> str:
    schedule = _value(environ, name)
    parts = schedule.split()
    if len(parts) != 6 or not all(_SCHEDULE_PART.fullmatch(part) for part in parts):
        raise _invalid(name, f"write six fields, second to day of the week, such as `{_DEFAULTS[name]}`")
    return schedule


def _invalid(name: str, remedy: str) -> Invalid:
    # The value is left out: it may be a connection string with its key.
    return Invalid("setting-invalid", f"{name}: {remedy}")
