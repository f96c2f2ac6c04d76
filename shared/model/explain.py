"""Explain one mail: all that decides on it, step by step, and the verdict.

Pure. The rules are those that the sync works by (`model/rules.py`, `model/folders.py`): they are asked, never repeated.
"""

from collections.abc import Iterator

from shared.model.explanation import Explanation, Kept, Seen, Situation, Step, Unreadable, Verdict, conclude, failing
from shared.model.mail_steps import not_held_step, nowhere_step, searched_folders, steps_in_exchange
from shared.model.sync_steps import steps_of_keeping, steps_of_sync


def explain(
    situation: Situation,
    seen: Seen | None,
    kept: Kept | None,
    unreadable: Unreadable | None = None,
    *,
    message_id: str = "",
    subject: str = "",
) -> Explanation:
    """Why this mail is, or is not, in the application. `message_id` or `subject` is what was asked for.

    `seen` None: Exchange does not have it, or was not searched. `kept` None: the application does not hold it.
    """

    def of_exchange() -> Iterator[Step]:
        if seen is not None:
            yield from steps_in_exchange(situation, seen, unreadable, is_held=kept is not None)
        elif situation.off or situation.unsearched:
            yield _not_searched(situation)
        elif kept is not None:
            folders = len(searched_folders(situation))
            yield Step(f"Exchange has it in none of its {folders} mail folders", situation.now, told=True)

    def of_the_store() -> Iterator[Step]:
        if kept is not None:
            yield from steps_of_keeping(kept, situation)
        elif any(step.verdict for step in found):
            yield Step("The application does not hold it", situation.now, told=True)
        elif seen is not None:
            yield not_held_step(situation, seen)
        elif not situation.off:
            yield nowhere_step(situation, message_id=message_id, subject=subject)

    found = tuple(of_exchange())
    return conclude([*steps_of_sync(situation), *found, *of_the_store()])


def _not_searched(situation: Situation) -> Step:
    if situation.unsearched is None:
        return Step("Exchange was not searched: nobody looks into a mailbox whose email is switched off", told=True)
    code, detail = situation.unsearched
    return failing(code, situation.now, detail, verdict=Verdict.STOPPED)
