"""`exsync operators verify` and `enable --wave`: find what is wrong with mailboxes, and switch many on step by step."""

import csv
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.chosen import All, FileOfIds, Ids, all_operators, chosen
from cli.many import AtOnce, side_by_side
from cli.progress import progress
from cli.remote import Refused, Remote, segment
from cli.session import Session, counted, out, show_remedies, show_rows
from cli.switching import DryRun, switch_on
from cli.wave_plan import Plan, flags_of, sizes_of
from cli.waves import Waves

_SHOWN = 100
_COLUMNS = ("operator_id", "mailbox", "ok", "adopted_from", "check", "code", "detail", "remedy")
_PATIENCE = 150.0
"""Seconds for one verification: Autodiscover, Exchange and the first status event may each take their time."""
_BUSY_PAUSES = (2, 5, 10, 20)
Fix = Annotated[bool, typer.Option("--fix", help="Adopt the primary address where an alias is all that is wrong")]


def verify(
    context: typer.Context,
    ids: Ids = None,
    every: All = False,
    file: FileOfIds = None,
    fix: Fix = False,
    kinds: Annotated[str, typer.Option(help="Those that are to go on; without it, those that are on")] = "",
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all results: a line for each fault")
    ] = None,
    at_once: AtOnce = 8,
) -> None:
    """Check mailboxes: address, impersonation, folders, push, and whether the flags hold. Exit status 1: a fault was found."""
    session: Session = context.obj
    meant = list(chosen(ids, file, all_operators(session.remote) if every else None))
    kept = _Kept()
    with ExitStack() as stack:
        results = _results(
            session.remote, meant, kinds=list(flags_of(kinds)) if kinds else [], fix=fix, at_once=at_once
        )
        if csv_file is not None:
            results = _into_csv(results, csv_file, stack)
        for result in _as_json(results) if session.as_json else results:
            kept.add(result)
    if not session.as_json:
        _show(session, kept, total=len(meant))
    if kept.faulty:
        verb = "has" if kept.faulty == 1 else "have"
        raise Refused(f"{kept.faulty} of {counted(len(meant), 'operator')} {verb} a fault.")


def enable(
    context: typer.Context,
    ids: Ids = None,
    every: All = False,
    file: FileOfIds = None,
    waves: Annotated[
        str, typer.Option("--wave", metavar="SIZES", help="Step by step, in growing shares or numbers: 5%,25%,100%")
    ] = "",
    kinds: Annotated[str, typer.Option(help="What is switched on, separated by commas")] = "email",
    max_failures: Annotated[
        str, typer.Option(help="How many operators of a wave may fail: a share of it or a number")
    ] = "5%",
    fix: Fix = False,
    wait_minutes: Annotated[float, typer.Option(min=0, help="How long a wave's initial sync may take")] = 60,
    at_once: AtOnce = 8,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
    dry_run: DryRun = False,
) -> None:
    """Switch operators on; their initial sync begins at once.

    With --wave step by step: each is verified, switched on and waited for, and too many failures stop it.

    With --wave alone it is all operators. Run it again to go on where it stopped.
    """
    session: Session = context.obj
    if not waves:
        _refuse_without_waves(context)
        switch_on(session, ids, file, everybody=every, kinds=kinds, dry_run=dry_run)
        return
    if dry_run:
        raise typer.BadParameter("--dry-run and --wave do not go together; `exsync operators verify` changes nothing")
    flags = flags_of(kinds)
    everybody = all_operators(session.remote) if every or not (ids or file) else None
    meant = tuple(chosen(ids, file, everybody))
    plan = Plan(meant, sizes_of(waves, len(meant)), max_failures)
    if not yes:
        whom = f"{plan.sizes[-1]:,} of {counted(len(meant), 'operator')}"
        words = f"Switch {kinds} on for {whom} in {counted(len(plan.sizes), 'wave')}?"
        if not typer.confirm(words, err=True):
            raise Refused("Nothing was changed.")

    def check(operator_id: str) -> dict[str, Any]:
        return verified(session.remote, operator_id, kinds=list(flags), fix=fix)

    Waves(session, plan, flags, check, at_once=at_once, wait_minutes=wait_minutes).run()


def _refuse_without_waves(context: typer.Context) -> None:
    """What only waves do is not passed over in silence."""
    for name in ("max_failures", "fix", "wait_minutes"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{option} is for --wave: without it nothing is verified and nothing waited for")


def verified(remote: Remote, operator_id: str, *, kinds: list[str], fix: bool) -> dict[str, Any]:
    """The verification of one operator; a refusal of the call itself, such as an unknown id, as its one check."""
    path = f"operators/{segment(operator_id)}/verify"
    body = {"kinds": kinds} if kinds else None
    for pause in (*_BUSY_PAUSES, None):
        try:
            found: dict[str, Any] = remote.send("POST", path, body, patience=_PATIENCE, fix=str(fix).lower())
            return found
        except Refused as refused:
            if not refused.code:
                raise
            if refused.code == "verification-busy" and pause is not None:
                time.sleep(pause)
                continue
            detail, _, remedy = str(refused).partition("\n")
            call = {
                "name": "call",
                "ok": False,
                "detail": detail,
                "code": refused.code,
                "remedy": remedy.split("\n")[0],
            }
            return {"operator_id": operator_id, "mailbox": "", "ok": False, "adopted": None, "checks": [call]}
    raise AssertionError


class _Kept:
    """What is worth a line, the worst first and as many as are shown; the others are only counted."""

    def __init__(self) -> None:
        self.faulty = self.adopted = 0
        self.latest: dict[str, Any] = {}
        self.worst: list[tuple[int, str, dict[str, Any]]] = []

    def add(self, result: dict[str, Any]) -> None:
        self.latest = result
        self.faulty += not result["ok"]
        self.adopted += result["adopted"] is not None
        if result["ok"] and not result["adopted"]:
            return
        self.worst.append((_rank(result), result["operator_id"], result))
        if len(self.worst) > 2 * _SHOWN:
            self._cut()

    def shown(self) -> list[dict[str, Any]]:
        """The worst first."""
        self._cut()
        return [result for _, _, result in self.worst]

    def _cut(self) -> None:
        self.worst = sorted(self.worst, key=lambda each: each[:2])[:_SHOWN]


def _rank(result: dict[str, Any]) -> int:
    """The sooner a check fails, the less works; all is well comes last."""
    places = [place for place, check in enumerate(result["checks"]) if check["ok"] is False]
    return places[0] if places else len(result["checks"])


def _results(remote: Remote, ids: list[str], *, kinds: list[str], fix: bool, at_once: int) -> Iterator[dict[str, Any]]:
    with progress() as bar:
        task = bar.add_task("verifying", total=len(ids))
        for result in side_by_side(lambda one: verified(remote, one, kinds=kinds, fix=fix), ids, at_once=at_once):
            bar.advance(task)
            yield result


def _into_csv(results: Iterable[dict[str, Any]], path: Path, stack: ExitStack) -> Iterator[dict[str, Any]]:
    try:
        writer = csv.DictWriter(stack.enter_context(path.open("w", encoding="utf-8", newline="")), _COLUMNS)
        writer.writeheader()
        for result in results:
            writer.writerows(_lines(result))
            yield result
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}.") from error


def _lines(result: dict[str, Any]) -> list[dict[str, Any]]:
    """A line for each fault; one for an operator without."""
    adopted = result["adopted"]["from"] if result["adopted"] else ""
    facts = {"operator_id": result["operator_id"], "mailbox": result["mailbox"], "adopted_from": adopted}
    faults = [check for check in result["checks"] if check["ok"] is False]
    if not faults:
        return [{**facts, "ok": "yes"}]
    return [
        {**facts, "ok": "no", "check": fault["name"], **{name: fault[name] for name in ("code", "detail", "remedy")}}
        for fault in faults
    ]


def _as_json(results: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Print them as one array, each as it comes."""
    before = "["
    for result in results:
        print(before + json.dumps(result), flush=True)
        before = ","
        yield result
    print("[]" if before == "[" else "]")


def _show(session: Session, kept: _Kept, *, total: int) -> None:
    if total == 1:
        _show_checks(session, kept.latest)
        return
    rows = [line for result in kept.shown() for line in _lines(result)[:1]]
    if rows:
        show_rows(session, rows, ("operator_id", "mailbox", "adopted_from", "check", "code", "detail"))
    show_remedies(rows)
    more = f"; the {_SHOWN} worst are shown, --csv FILE writes all" if kept.faulty + kept.adopted > _SHOWN else ""
    adopted = f", primary addresses adopted: {kept.adopted}" if kept.adopted else ""
    verb = "is" if total - kept.faulty == 1 else "are"
    out.print(f"{total - kept.faulty} of {counted(total, 'operator')} {verb} well{adopted}{more}", highlight=False)


def _show_checks(session: Session, result: dict[str, Any]) -> None:
    words = {True: "ok", False: "FAULT", None: "–"}
    rows = [{"check": check["name"], "": words[check["ok"]], "detail": check["detail"]} for check in result["checks"]]
    show_rows(session, rows, ("check", "", "detail"))
    if result["adopted"]:
        out.print(f"adopted: {result['adopted']['to']} in place of {result['adopted']['from']}", highlight=False)
    show_remedies(check for check in result["checks"] if check["ok"] is False)
