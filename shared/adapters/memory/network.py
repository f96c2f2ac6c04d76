"""The twin of `shared/adapters/network.py`: names and answers are what a test says."""

from shared.errors import SyncError, Transient
from shared.ports import Heard


class MemoryNetwork:
    """The port `Network`. `hosts` are addresses by name; `answers` by the beginning of the URL. `asked` tells all."""

    def __init__(self) -> None:
        self.hosts: dict[str, tuple[str, ...]] = {}
        self.answers: dict[str, Heard | SyncError] = {}
        self.asked: list[str] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        """See the port."""
        if host not in self.hosts:
            raise Transient("dns-failed", f"{host}: the name cannot be resolved")
        return self.hosts[host]

    async def ask(self, method: str, url: str, *, trusted: str) -> Heard:  # noqa: ARG002 - nothing is verified
        """See the port."""
        self.asked.append(f"{method} {url}")
        for beginning, answer in self.answers.items():
            if url.startswith(beginning):
                if isinstance(answer, SyncError):
                    raise answer
                return answer
        raise Transient("connection-refused", f"{url}: nothing listens there")
