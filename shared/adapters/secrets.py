"""Secrets from Key Vault in Azure, or from the environment in local runs. Values never appear in errors.

https://learn.microsoft.com/azure/key-vault/general/service-limits: reads are limited, so answers are kept a while.
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets.aio import SecretClient

from shared.errors import Invalid, Reconfigure, SyncError
from shared.model.failures import error_class
from shared.model.foreign_codes import of_vault_error

KEEP = timedelta(minutes=5)
LARGEST = 25_000
"""Bytes of a secret's value. https://learn.microsoft.com/azure/key-vault/secrets/about-secrets: 25k each."""
PREFIX = "EXSYNC_SECRET_"
_SAID = {"secret-disabled": "its newest version is disabled"}


class EnvironmentSecrets:
    """The port `Secrets` over environment variables: `default-username` is EXSYNC_SECRET_DEFAULT_USERNAME.

    What is set at run time goes into `folder`, a file for each secret, which is read where there is no variable.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._environ = environ
        self._folder = folder

    async def get(self, name: str, *, fresh: bool = False) -> str | None:  # noqa: ARG002 - nothing is kept
        """The variable's value, else the file's, None where it is missing or empty. Always fresh."""
        self.counts["gets"] += 1
        if value := self._environ.get(_variable(name)):
            return value
        return None if self._folder is None else await asyncio.to_thread(_read, self._folder / name)

    async def set(self, name: str, value: str) -> None:
        """Write the secret's file, whole or not at all, readable by nobody else."""
        if self._environ.get(_variable(name)):
            raise Reconfigure(
                "secret-not-writable", f"the environment variable {_variable(name)} is set and comes first"
            )
        if self._folder is None:
            raise Reconfigure("secret-not-writable", "neither EXSYNC_VAULT_URL nor EXSYNC_SECRETS_FOLDER is set")
        try:
            await asyncio.to_thread(_write, self._folder / name, value)
        except OSError as wrong:
            raise Reconfigure("secret-not-writable", f"EXSYNC_SECRETS_FOLDER: {wrong.strerror}") from None


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace("-", "_")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as wrong:
        raise Reconfigure("secret-invalid", f"{path.name} in EXSYNC_SECRETS_FOLDER: {type(wrong).__name__}") from None


def _write(path: Path, value: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600; the rename puts it in place at once, whole.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


class KeyVaultSecrets:
    """The port `Secrets` over a Key Vault, read with the app's identity.

    A value is kept for KEEP, so a rotated secret is in use that soon; a missing one is asked for each time. `options`
    go to SecretClient (a transport).
    """

    def __init__(
        self,
        vault_url: str,
        credential: AsyncTokenCredential,
        *,
        clock: Callable[[], float] = time.monotonic,
        **options: object,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._client = SecretClient(vault_url, credential, retry_total=2, **options)
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}

    async def get(self, name: str, *, fresh: bool = False) -> str | None:
        """The secret's newest value.

        Raises Reconfigure("vault-denied"), Reconfigure("secret-disabled") and Transient("vault-unavailable").
        """
        value, until = self._kept.get(name, ("", 0.0))
        if value and not fresh and self._clock() < until:
            return value
        self.counts["gets"] += 1
        try:
            value = (await self._client.get_secret(name)).value or ""
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise vault_error(name, error) from error
        except ValueError as error:  # Azure's client gives no token to a server that asks for that of another service.
            raise Reconfigure("vault-denied", f"secret {name}: what answers there is no Key Vault") from error
        self._kept[name] = (value, self._clock() + KEEP.total_seconds())
        return value or None

    async def set(self, name: str, value: str) -> None:
        """Store a new version, in use here at once and in other processes within KEEP. Needs the right to set secrets."""
        if (size := len(value.encode())) > LARGEST:
            raise Invalid("secret-too-large", f"secret {name}: {size} bytes; Key Vault holds {LARGEST} at most")
        self.counts["sets"] += 1
        try:
            await self._client.set_secret(name, value)
        except AzureError as error:
            raise vault_error(f"{name} (to write it takes the role Key Vault Secrets Officer)", error) from error
        self._kept[name] = (value, self._clock() + KEEP.total_seconds())

    async def close(self) -> None:
        """End the HTTP session; the credential is its owner's to close."""
        await self._client.close()


def vault_error(name: str, error: AzureError) -> SyncError:
    """What Key Vault, or the way to it, refused with, in our words."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status is None and isinstance(error, ClientAuthenticationError):
        return Reconfigure("vault-denied", f"secret {name}: no identity")
    code = of_vault_error(status, str(error))
    return error_class(code)(code, f"secret {name}: {_SAID.get(code, status or type(error).__name__)}")
