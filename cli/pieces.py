"""Lines of operators, sent to the app a piece at a time: 100,000 pass in little memory, each piece within the time of a call.

A piece may be sent again at will: what is done already changes nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

from cli.progress import progress
from cli.remote import Refused
from cli.session import Session, printable
from shared.errors import Invalid
from shared.model.operator_table import MAILBOX, OperatorLine, write_operator_lines

_PIECE = 200
_LONGEST_CALL = 230
"""Seconds after which Azure ends a call. https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout"""
_MOST_LINES = 1000
"""Of a call, as the app takes them."""
_MOST_WAITING = 500
_MOST_GIVERS = 10_000
OUTCOMES = ("created", "changed", "unchanged", "refused")

type Result = dict[str, Any]


def send_lines(
    session: Session,
    lines: Iterable[OperatorLine],
    fields: Sequence[str],
    *,
    total: int | None,
    items: str = "keep",
    dry_run: bool = False,
) -> Iterator[Result]:
    """Have the app do these lines; what became of each, in order. A progress bar shows on a terminal meanwhile.

    Lines whose mailbox another operator has come last, once more: a later piece may have given it up.
    """
    waiting: list[OperatorLine] = []
    givers = _Givers()
    with progress() as bar:
        task = bar.add_task("looking" if dry_run else "changing", total=total)
        for piece in batched(lines, _PIECE, strict=False):
            for line, result in _done(session, piece, fields, items=items, dry_run=dry_run):
                if result["code"] == "mailbox-taken" and len(waiting) < _MOST_WAITING:
                    waiting.append(line)
                else:
                    givers.note(line, result)
                    yield result
            bar.advance(task, len(piece))
        # All together, since they may exchange their mailboxes among them. What was only looked at gave nothing up: its
        # lines go along, and are told once.
        along = givers.of(waiting, most=_MOST_LINES - len(waiting)) if dry_run else []
        for number, (_, result) in enumerate(_done(session, [*along, *waiting], fields, items=items, dry_run=dry_run)):
            if number >= len(along):
                yield result


class _Givers:
    """The lines that give a mailbox up, by its address; of very many only the first."""

    def __init__(self) -> None:
        self._lines: dict[str, OperatorLine] = {}

    def note(self, line: OperatorLine, result: Result) -> None:
        """Remember the line, if it gives up what another may take."""
        given_up = result["changes"].get(MAILBOX, {}).get("from")
        if given_up and len(self._lines) < _MOST_GIVERS:
            self._lines[given_up.lower()] = line

    def of(self, takers: Sequence[OperatorLine], *, most: int) -> list[OperatorLine]:
        """Who gives up what these take, and who gives up what those take in turn."""
        found: dict[int, OperatorLine] = {}
        left = list(takers)
        while left and len(found) < most:
            giver = self._lines.get(left.pop().cells.get(MAILBOX, "").lower())
            if giver is not None and giver.number not in found:
                found[giver.number] = giver
                left.append(giver)
        return list(found.values())


def show_results(session: Session, results: Iterable[Result], *, numbered: bool, **about: Any) -> Counter[str]:
    """Print what became of each line as it comes, what did not change only as JSON; the number of each outcome.

    `about` goes into the JSON document.
    """
    counts = Counter(dict.fromkeys(OUTCOMES, 0))
    if session.as_json:
        print(f'{json.dumps(about)[:-1]}{", " if about else ""}"lines": [')
    for result in results:
        if session.as_json:
            print(f"{',' if counts.total() else ''}{json.dumps(result)}")
        elif result["outcome"] != "unchanged" or result["items_removed"]:
            print(_described(result, numbered=numbered))
        counts[result["outcome"]] += 1
    print(f"], {json.dumps(counts)[1:]}" if session.as_json else _summary(counts))
    return counts


def refuse_refused(counts: Counter[str]) -> None:
    """Let the command end with 1 where a line was refused."""
    if counts["refused"]:
        raise Refused(f"{counts['refused']} refused: mend what their reasons say, and repeat the command for them.")


def _done(
    session: Session, piece: Sequence[OperatorLine], fields: Sequence[str], *, items: str, dry_run: bool
) -> list[tuple[OperatorLine, Result]]:
    """The lines of a piece, each with what became of it; what the file itself spoils is not sent."""
    sound = [line for line in piece if not line.refusal]
    query = {"items": items, "dry_run": str(dry_run).lower()}
    answered = iter(_send(session, write_operator_lines(sound, fields), sound[0].number, query) if sound else ())
    return [(line, _refused(line, line.refusal) if line.refusal else next(answered)) for line in piece]


def _send(session: Session, content: bytes, first: int, query: dict[str, str]) -> list[Result]:
    headers = {b"Content-Type": b"text/csv"}
    try:
        answer = session.remote.upload(
            "operators/import", content, headers=headers, patience=_LONGEST_CALL, repeatable=True, **query
        )
    except Refused as refused:
        again = f"What comes before line {first} is done. Repeat the command: what is done already changes nothing."
        raise Refused(f"{refused}\n{again}", refused.code) from refused
    found: list[Result] = answer["lines"]
    return found


def _refused(line: OperatorLine, refusal: Invalid) -> Result:
    """A refusal of our own, told as the app tells one of its."""
    return {
        "line": line.number,
        "operator_id": line.operator_id,
        "outcome": "refused",
        "changes": {},
        "items_removed": [],
        "code": refusal.code,
        "reason": refusal.detail,
    }


def _described(result: Result, *, numbered: bool) -> str:
    where = f"line {result['line']}: " if numbered else ""
    what = _reason(result) if result["outcome"] == "refused" else _changes(result)
    return printable(f"{where}{result['operator_id'] or '?'} {result['outcome']}{what}")


def _reason(result: Result) -> str:
    reason = "; ".join(result["reason"].splitlines())
    return f": {reason} ({result['code']})"


def _changes(result: Result) -> str:
    changes = [
        f"{name} {_shown(change['to'])}"
        if change["from"] is None
        else f"{name} {_shown(change['from'])} → {_shown(change['to'])}"
        for name, change in result["changes"].items()
    ]
    changes += [f"{kind} items removed" for kind in result["items_removed"]]
    return f": {', '.join(changes)}" if changes else ""


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _summary(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
