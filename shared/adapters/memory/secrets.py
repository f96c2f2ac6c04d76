"""Secrets in memory: the twin of `shared/adapters/secrets.py`. Tests fill `values`."""

from collections import Counter
from collections.abc import Mapping


class MemorySecrets:
    """The port `Secrets`."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.values = dict(values or {})

    async def get(self, name: str, *, fresh: bool = False) -> str | None:  # noqa: ARG002 - nothing is kept
        """The secret's value, None where there is none."""
        self.counts["gets"] += 1
        return self.values.get(name) or None

    async def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self.counts["sets"] += 1
        self.values[name] = value
