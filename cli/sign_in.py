"""Sign in to an app behind App Service Authentication with Entra ID: a token in the header Authorization. DESIGN 8.

The token is that of who is signed in already (service principal of the environment, `az login`, Azure PowerShell); at a
terminal a device code is the last way. Nothing is stored. The audience comes from the user, never from the app.
"""

import os
import sys
from collections.abc import Generator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from cli.refused import Refused

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_ANY_TENANT = "organizations"


class EntraToken(httpx.Auth):
    """Gives each request a token for `scope` (`api://CLIENT-ID/.default`). azure-identity keeps it while it holds."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign the request. Raises Refused where nobody is signed in."""
        # Imported here: azure-identity and msal take half a second, which no call with a key should pay.
        from azure.core.exceptions import ClientAuthenticationError

        try:
            token = self._credential.get_token(self._scope).token
        except ClientAuthenticationError as wrong:
            raise Refused(
                f"No token for {self._scope}: {wrong.message}\nRun `az login`, or see docs/cli.md."
            ) from wrong
        request.headers["Authorization"] = f"Bearer {token}"
        yield request

    @cached_property
    def _credential(self) -> "TokenCredential":
        # Imported here, see above.
        from azure.identity import (
            AzureCliCredential,
            AzurePowerShellCredential,
            ChainedTokenCredential,
            DeviceCodeCredential,
            EnvironmentCredential,
        )

        ways: list[TokenCredential] = [EnvironmentCredential(), AzureCliCredential(), AzurePowerShellCredential()]
        if sys.stderr.isatty():
            tenant = os.environ.get("AZURE_TENANT_ID") or _ANY_TENANT
            ways.append(DeviceCodeCredential(tenant_id=tenant, prompt_callback=_show_code))
        return ChainedTokenCredential(*ways)


def _show_code(url: str, code: str, _until: datetime) -> None:
    print(f"To sign in, open {url} and enter {code}", file=sys.stderr)
