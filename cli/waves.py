"""Switching many operators on in waves: verify, switch on, wait for the initial sync, and stop before harm spreads.

Nothing is remembered between two runs: an operator that is on already counts as done, once its sync is, so the same command
goes on where it was stopped.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from cli.many import side_by_side
from cli.progress import progress
from cli.remote import Refused, segment
from cli.session import Session, counted, out, show_document, show_remedies, show_rows
from cli.wave_plan import Outcome, Plan, allowed, judged, verdict

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_SHOWN = 50


def _told(facts: dict[str, Any]) -> str:
    """A wave's counts in words, without those that are nought."""
    words = {
        "ready": "ready",
        "waiting": "on but not waited for",
        "refused": "refused",
        "failing": "failing",
        "late": "late",
        "untouched": "not begun",
        "were_on": "had been on before",
    }
    return ", ".join(f"{facts[name]} {word}" for name, word in words.items() if facts[name] or name == "ready")


class Waves:
    """One run of a plan. `check` verifies an operator."""

    def __init__(
        self,
        session: Session,
        plan: Plan,
        flags: dict[str, str],
        check: Callable[[str], dict[str, Any]],
        *,
        at_once: int,
        wait_minutes: float,
    ) -> None:
        self._session = session
        self._plan = plan
        self._flags = flags
        self._check = check
        self._at_once = at_once
        self._wait_minutes = wait_minutes
        self._outcomes: dict[str, Outcome] = {}
        self._reports: list[dict[str, Any]] = []

    def run(self) -> None:
        """All waves, or as many as there are until one has too many failures. Raises Refused where it stops."""
        waves = self._plan.waves()
        limits = [allowed(self._plan.most, len(ids)) for ids in waves]
        number = 0
        try:
            for number, (ids, most) in enumerate(zip(waves, limits, strict=True), start=1):
                self._outcomes = {}
                try:
                    self._switch_on(ids, most, f"wave {number}: switching on")
                    if not self._too_many(most):
                        self._wait(most, f"wave {number}: initial sync")
                except Refused as refused:
                    raise Refused(f"{refused}\n{self._interrupted(number)}", refused.code) from refused
                self._report(number, len(waves), len(ids), most)
                if self._too_many(most):
                    raise Refused(self._stopped(number, most))
            self._conclude()
        except KeyboardInterrupt:
            raise Refused(self._interrupted(number)) from None
        finally:
            if self._session.as_json:
                show_document({"waves": self._reports})

    # One wave

    def _switch_on(self, ids: Sequence[str], most: int, words: str) -> None:
        """Begin with no other operator once too many have failed; those that were begun are brought to an end."""
        with progress() as bar:
            task = bar.add_task(words, total=len(ids))
            still = takewhile(lambda _: not self._too_many(most), ids)
            for _ in side_by_side(self._switch_one, still, at_once=self._at_once):
                bar.advance(task)

    def _switch_one(self, operator_id: str) -> None:
        # Noted here, not by who asks for it: after Ctrl-C nobody asks, and what was done is told all the same.
        self._outcomes[operator_id] = self._switched(operator_id)

    def _switched(self, operator_id: str) -> Outcome:
        """Verify one operator and switch it on; what it is refused for stays its own."""
        path = f"operators/{segment(operator_id)}"
        remote = self._session.remote
        try:
            if all(remote.get(path)[flag] for flag in self._flags.values()):
                return Outcome(operator_id, "waiting", was_on=True)
            found = self._check(operator_id)
            fault = next((each for each in found["checks"] if each["ok"] is False), None)
            if fault is not None:
                return judged(fault, Outcome(operator_id, "refused"), "refused")
            facts = remote.get(path)  # as it is now: to verify takes a while
            del facts["operator_id"]
            remote.send("PUT", path, facts | dict.fromkeys(self._flags.values(), True))
        except Refused as refused:
            if not refused.code:
                raise
            detail, _, remedy = str(refused).partition("\n")
            return Outcome(operator_id, "refused", code=refused.code, detail=detail, remedy=remedy.split("\n")[0])
        return Outcome(operator_id, "waiting")

    def _wait(self, most: int, words: str) -> None:
        """Look at those that are on until their initial sync is done, with growing pauses."""
        deadline = time.monotonic() + self._wait_minutes * 60
        pause = _FIRST_PAUSE
        with progress() as bar:
            task = bar.add_task(words, total=len(self._outcomes))
            while True:
                for outcome in side_by_side(self._look, self._waiting(), at_once=self._at_once):
                    self._outcomes[outcome.operator_id] = outcome
                    bar.update(task, completed=len(self._outcomes) - len(self._waiting()))
                left = deadline - time.monotonic()
                if not self._waiting() or self._too_many(most) or left <= 0:
                    break
                time.sleep(min(pause, left))
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        for operator_id in () if self._too_many(most) else self._waiting():
            self._outcomes[operator_id] = replace(self._outcomes[operator_id], state="late")

    def _look(self, operator_id: str) -> Outcome:
        kinds = self._session.remote.get(f"operators/{segment(operator_id)}/status")["kinds"]
        was_on = self._outcomes[operator_id].was_on
        return verdict(operator_id, [kinds[name] for name in self._flags], was_on=was_on)

    def _waiting(self) -> list[str]:
        return [one.operator_id for one in list(self._outcomes.values()) if one.state == "waiting"]

    def _failed(self) -> list[Outcome]:
        return [one for one in list(self._outcomes.values()) if one.failed]

    def _too_many(self, most: int) -> bool:
        return len(self._failed()) > most

    # What is said of it

    def _report(self, number: int, of: int, size: int, most: int) -> None:
        counts = dict.fromkeys(("ready", "waiting", "refused", "failing", "late"), 0)
        for one in list(self._outcomes.values()):
            counts[one.state] += 1
        facts = {
            "wave": number,
            "operators": size,
            **counts,
            "untouched": size - len(self._outcomes),
            "were_on": sum(one.was_on for one in list(self._outcomes.values())),
            "may_fail": most,
        }
        failures = [
            {name: getattr(one, name) for name in ("operator_id", "state", "code", "detail", "remedy")}
            for one in self._failed()
        ]
        self._reports.append({**facts, "failures": failures})
        if not self._session.as_json:
            out.print(f"wave {number} of {of}: {counted(size, 'operator')}: {_told(facts)}", highlight=False)
            self._show_failures(failures)

    def _conclude(self) -> None:
        if not self._session.as_json:
            ready = sum(report["ready"] for report in self._reports)
            failed = sum(len(report["failures"]) for report in self._reports)
            rest = f"; {failed} failed, no wave too many: mend them and run the same command again" if failed else ""
            out.print(f"{ready} of {self._plan.sizes[-1]} operators are on and ready{rest}", highlight=False)

    def _show_failures(self, failures: list[dict[str, Any]]) -> None:
        if not failures:
            return
        show_rows(self._session, failures[:_SHOWN], ("operator_id", "state", "code", "detail"))
        show_remedies(failures)
        if len(failures) > _SHOWN:
            out.print(f"… and {len(failures) - _SHOWN} more; --json names all", highlight=False)

    def _stopped(self, number: int, most: int) -> str:
        count = len(self._failed())
        failed = f"{count} operator{'' if count == 1 else 's'} failed"
        return (
            f"Stopped in wave {number}: {failed}, {most} may. Those that are on stay on.\n"
            "Mend what is named (`exsync operators verify OPERATOR` tells more), then run the same command again: it goes "
            "on where it stopped."
        )

    def _interrupted(self, number: int) -> str:
        on = sum(not one.failed for one in list(self._outcomes.values()))
        return (
            f"Interrupted in wave {number}: {on} of its operators are on, stay on and are synchronised; nobody is half "
            "switched on.\nRun the same command again: it goes on where it stopped."
        )
