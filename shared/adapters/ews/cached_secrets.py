"""Secrets, kept for a few minutes so that not every request asks the vault, and forgotten when a server refuses them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.errors import Reconfigure
from shared.ports import Secrets

_KEPT = timedelta(minutes=5)
_MISSING_KEPT = timedelta(seconds=30)
_DOUBTED = timedelta(seconds=10)


class CachedSecrets:
    """A `Secrets` in front of another one."""

    def __init__(self, secrets: Secrets, now: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._now = now
        self._known: dict[str, tuple[str | None, datetime]] = {}
        self._forgotten: set[str] = set()
        self._asking = asyncio.Lock()

    async def get(self, name: str) -> str | None:
        """The secret, at most five minutes old; that there is none is believed for half a minute."""
        async with self._asking:
            value, until = self._known.get(name, (None, self._now()))
            if until <= self._now():
                value = await self._secrets.get(name, fresh=name in self._forgotten)
                self._forgotten.discard(name)
                self._known[name] = value, self._now() + (_MISSING_KEPT if value is None else _KEPT)
            return value

    async def require(self, name: str) -> str:
        """The secret. Raises Reconfigure("secret-missing") where there is none."""
        value = await self.get(name)
        if not value:
            raise Reconfigure("secret-missing", f"the secret {name} is not set")
        return value

    def doubt(self, *names: str) -> None:
        """Believe these for ten more seconds at most: somebody may be about to correct them."""
        soon = self._now() + _DOUBTED
        self._known |= {
            name: (value, min(until, soon)) for name, (value, until) in self._known.items() if name in names
        }

    def forget(self, *names: str) -> None:
        """Ask for these anew next time, also where what is behind us keeps them for a while."""
        self._forgotten.update(names)
        for name in names:
            self._known.pop(name, None)
