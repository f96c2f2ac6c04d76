"""What `exsync operators enable --wave` decides: how large the waves are, and what becomes of an operator in one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import typer

from shared.model.operator import AVAILABLE_KINDS, Kind
from shared.model.switches import FLAGS

_READY = ("live", "polling")
_PASSING = ("transient", "resync")


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is switched on, and up to how many in each wave; `most`: how many of a wave may fail."""

    ids: tuple[str, ...]
    sizes: tuple[int, ...]
    most: str

    def waves(self) -> list[tuple[str, ...]]:
        """The operators of each wave: those that the waves before it did not have."""
        starts = (0, *self.sizes)
        return [self.ids[start:end] for start, end in zip(starts, self.sizes, strict=False)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of one operator: `waiting` for its initial sync, `ready`, `refused` by its verification, `failing`, or
    `late`."""

    operator_id: str
    state: str
    was_on: bool = False
    code: str = ""
    detail: str = ""
    remedy: str = ""

    @property
    def failed(self) -> bool:
        """Whether it counts against the limit."""
        return self.state in ("refused", "failing", "late")


def sizes_of(text: str, total: int) -> tuple[int, ...]:
    """`5%,25%,100%` of so many operators, or numbers, as growing counts."""
    sizes = [min(max(1, _share(part, total, "--wave")), total) for part in text.split(",")]
    if any(not part.strip(" 0%") for part in text.split(",")):
        raise typer.BadParameter(f"--wave {text}: a wave of nobody switches nobody on")
    if not total:
        raise typer.BadParameter("there are no operators to switch on")
    if sizes != sorted(sizes):
        raise typer.BadParameter(f'--wave {text}: each wave takes in the ones before; write for example "5%,25%,100%"')
    return tuple(dict.fromkeys(sizes))


def allowed(text: str, size: int) -> int:
    """How many of a wave's operators may fail."""
    return _share(text, size, "--max-failures")


def _share(text: str, total: int, option: str) -> int:
    number = text.strip().removesuffix("%")
    if not number.isdecimal() or (text.strip().endswith("%") and int(number) > 100):
        raise typer.BadParameter(f'{option}: "{text.strip()}" is neither a share such as 5% nor a whole number')
    return total * int(number) // 100 if text.strip().endswith("%") else int(number)


def flags_of(kinds: str) -> dict[str, str]:
    """The operator's flag of each kind."""
    names = [name.strip() for name in kinds.split(",")]
    available = [kind.value for kind in AVAILABLE_KINDS]
    for name in names:
        if name not in available:
            raise typer.BadParameter(f'--kinds: "{name}" is not one of {", ".join(available)}')
    return {name: FLAGS[Kind(name)] for name in names}


def verdict(operator_id: str, kinds: Iterable[dict[str, Any]], *, was_on: bool) -> Outcome:
    """What the status of the kinds that were switched on comes to: the first that is not ready decides."""
    found = Outcome(operator_id, "ready", was_on)
    for kind in kinds:
        state, failure = kind["state"], kind.get("failure") or kind.get("held")
        if state in _READY:
            continue
        if failure and (failure["class"] not in _PASSING or state == "held"):
            return judged(failure, found, "failing")
        if state == "off":
            return replace(found, state="failing", code="kind-off", detail=kind["reason"])
        found = judged(failure, found, "waiting") if failure else replace(found, state="waiting", detail=kind["reason"])
    return found


def judged(failure: dict[str, Any], outcome: Outcome, state: str) -> Outcome:
    """The outcome in another state, for this reason."""
    code, detail, remedy = (str(failure[name] or "") for name in ("code", "detail", "remedy"))
    return replace(outcome, state=state, code=code, detail=detail, remedy=remedy)
