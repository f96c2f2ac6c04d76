"""Secrets from Key Vault in Azure, or from environment variables in local runs. Values never appear in errors.

https://learn.microsoft.com/azure/key-vault/general/service-limits: reads are limited, so answers are kept a while.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets.aio import SecretClient

from shared.errors import Reconfigure, SyncError, Transient

KEEP = timedelta(minutes=5)
PREFIX = "EXSYNC_SECRET_"


class EnvironmentSecrets:
    """The port `Secrets` over environment variables: `default-username` is EXSYNC_SECRET_DEFAULT_USERNAME."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.counts: Counter[str] = Counter()
        self._environ = environ

    async def get(self, name: str) -> str | None:
        """The variable's value, None where it is missing or empty."""
        self.counts["gets"] += 1
        return self._environ.get(PREFIX + name.upper().replace("-", "_")) or None


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

    async def get(self, name: str) -> str | None:
        """The secret's newest enabled value. Raises Reconfigure("vault-denied") and Transient("vault-unavailable")."""
        value, until = self._kept.get(name, ("", 0.0))
        if value and self._clock() < until:
            return value
        self.counts["gets"] += 1
        try:
            value = (await self._client.get_secret(name)).value or ""
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise _translated(name, error) from error
        self._kept[name] = (value, self._clock() + KEEP.total_seconds())
        return value or None

    async def close(self) -> None:
        """End the HTTP session; the credential is its owner's to close."""
        await self._client.close()


def _translated(name: str, error: AzureError) -> SyncError:
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status in (401, 403) or isinstance(error, ClientAuthenticationError):
        return Reconfigure("vault-denied", f"secret {name}: {status or 'no identity'}")
    return Transient("vault-unavailable", f"secret {name}: {status or type(error).__name__}")
