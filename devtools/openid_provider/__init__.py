"""A real OpenID provider, npm's `oidc-provider`, as a process on loopback: what our OAuth client is tested against.

https://github.com/panva/node-oidc-provider
"""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from devtools.child import end_with_parent

SCRIPT = Path(__file__).with_name("provider.mjs")
PACKAGE = Path(__file__).resolve().parents[2] / ".dev/node/node_modules/oidc-provider/lib/index.js"
_READY_WITHIN_SECONDS = 60


class ProviderError(Exception):
    """The provider did not start; the reason is in the message."""


class OpenidProvider:
    """One provider. `clients` is their metadata (RFC 7591, 2), `roles` what each was granted."""

    def __init__(self, clients: Sequence[Mapping[str, Any]], roles: Mapping[str, Sequence[str]]) -> None:
        self._told = json.dumps({"clients": list(clients), "roles": dict(roles)})
        self._process: Process | None = None
        self.issuer = ""
        self.token_endpoint = ""
        self.keys: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        node = shutil.which("node")
        if node is None or not PACKAGE.exists():
            raise ProviderError("Node.js or the npm package oidc-provider is missing; run ./dev setup")
        words = [node, str(SCRIPT), str(PACKAGE)]
        self._process = await asyncio.create_subprocess_exec(
            *words, stdin=PIPE, stdout=PIPE, stderr=PIPE, preexec_fn=end_with_parent()
        )
        try:
            await asyncio.wait_for(self._begin(self._process), _READY_WITHIN_SECONDS)
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End the process that was started."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.terminate()
            await process.communicate()

    async def _begin(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ProviderError("the provider has no standard streams")
        process.stdin.write(self._told.encode() + b"\n")
        self.issuer = (await process.stdout.readline()).decode().strip()
        if not self.issuer:
            raise ProviderError(f"the provider ended: {(await process.stderr.read())[-2000:].decode(errors='replace')}")
        await self._discover()

    async def _discover(self) -> None:
        """https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig"""
        async with httpx.AsyncClient(trust_env=False) as http:
            told = (await http.get(f"{self.issuer}/.well-known/openid-configuration")).raise_for_status().json()
            self.token_endpoint = told["token_endpoint"]
            self.keys = (await http.get(told["jwks_uri"])).raise_for_status().json()
