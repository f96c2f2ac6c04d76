"""Who may call: function keys, and the check that a browser was not led here by another site.

Keys are an option, as in Core Tools, which asks for none. https://learn.microsoft.com/azure/azure-functions/function-keys-how-to
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The host's `default` function key and its `_master` key, which opens the admin level too."""

    function: str = field(repr=False)
    master: str = field(repr=False)

    @classmethod
    def read_or_create(cls, path: Path) -> HostKeys:
        """The keys kept in a file, which only its owner can read."""
        if path.is_file():
            document = json.loads(path.read_text(encoding="utf-8"))
            return cls(document["function"], document["master"])
        keys = cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"function": keys.function, "master": keys.master}, file)
        return keys

    def open(self, auth_level: str, given: str) -> bool:
        """Whether the given key opens a function of this level."""
        accepted = {"anonymous": [], "function": [self.function, self.master]}.get(auth_level, [self.master])
        return auth_level == "anonymous" or any(_same(given, key) for key in accepted)


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())


def given_key(request: web.Request) -> str:
    return request.headers.get("x-functions-key") or request.query.get("code", "")


def comes_from_here(request: web.Request, names: Iterable[str]) -> bool:
    """Whether Host and Origin name this server: a page elsewhere, or a name rebound to loopback, does not."""
    allowed = LOOPBACK_NAMES | frozenset(names)
    origin = request.headers.get("Origin")
    return _host_name(f"//{request.host}") in allowed and (origin is None or _host_name(origin) in allowed)


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
