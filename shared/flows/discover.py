"""Find where a mailbox is by Autodiscover, step by step, and which connection of the settings leads there. PROTOCOL 15."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.errors import Reconfigure, SyncError
from shared.model.autodiscover import Answer, Attempt, Search, connection_for, version_of
from shared.model.configuration import Connection
from shared.ports import World

_LONGEST = timedelta(seconds=45)
"""No question is put after this: a worker holds a lease meanwhile, and a caller waits."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question that was asked. `outcome` is for a person; `code` is of the failure registry, empty for none."""

    attempt: Attempt
    outcome: str
    code: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a search brought. `connection` leads there by its own URL, or by `url`; None where none does.

    `untrusted` are hosts that would have needed credentials and were not given any.
    """

    address: str
    answer: Answer | None
    connection: Connection | None
    url: str
    steps: tuple[Step, ...]
    untrusted: tuple[str, ...]

    @property
    def version(self) -> str:
        """The value for a connection's `version`, empty where no server told."""
        return version_of(self.answer) if self.answer else ""


async def discover(
    world: World, address: str, connections: Sequence[Connection], *, with_version: bool = False
) -> Discovery:
    """Ask until somebody names an EWS URL. A server that fails is a step, never an error. Slow ones end the search."""
    search = Search(address, connections, with_version=with_version)
    steps = []
    until = world.now() + _LONGEST
    while world.now() < until and (attempt := search.next()) is not None:
        begun = world.now()
        try:
            answer, code = await world.exchange.autodiscover(attempt), ""
        except SyncError as failure:
            answer, code = Answer(error=failure.detail or failure.code), failure.code
        outcome = search.tell(attempt, answer)
        steps.append(Step(attempt, outcome, code, (world.now() - begun).total_seconds()))
    leads = connection_for(connections, search.found) if search.found else None
    connection, url = leads or (None, "")
    return Discovery(address, search.found, connection, url, tuple(steps), tuple(search.untrusted))


def failure_of(found: Discovery) -> SyncError:
    """Why the mailbox cannot be reached by a search that led to no connection."""
    if found.answer is not None:
        return Reconfigure("connection-not-found", f"{found.address} is at {', '.join(found.answer.urls)}")
    if found.untrusted:
        hosts = ", ".join(found.untrusted)
        return Reconfigure("autodiscover-untrusted", f"not asked, since no connection trusts them: {hosts}")
    said = "; ".join(f"{step.attempt.url}: {step.outcome}" for step in found.steps)
    return Reconfigure("autodiscover-failed", f"no EWS URL for {found.address}: {said}"[:2000])
