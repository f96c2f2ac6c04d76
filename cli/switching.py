"""`exsync operators enable` and `disable`: kinds on or off, for one operator, for those of a file, or for all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.chosen import All, FileOfIds, Ids, all_operators, chosen
from cli.items import Items, ItemsOption, settle_items
from cli.pieces import refuse_refused, send_lines, show_results
from cli.session import Session
from shared.model.operator import Kind
from shared.model.operator_table import ITEMS, OPERATOR_ID, OperatorLine
from shared.model.switches import FLAGS

Kinds = Annotated[str, typer.Option("--kinds", help="Which kinds, with commas between: email,calendar,contacts")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change")]


def switch_on(
    session: Session, operators: list[str] | None, file: Path | None, *, everybody: bool, kinds: str, dry_run: bool
) -> None:
    """Switch kinds on; the initial sync begins at once. What `enable` does without waves."""
    switch = Switch(read_kinds(kinds), on=True)
    switch_operators(
        session, switch, those_to_switch(session, switch, operators, file, everybody=everybody), dry_run=dry_run
    )


def disable(
    context: typer.Context,
    operators: Ids = None,
    file: FileOfIds = None,
    everybody: All = False,
    kinds: Kinds = "email",
    items: ItemsOption = None,
    dry_run: DryRun = False,
) -> None:
    """Switch kinds off: their sync stops. With --items remove what they hold is taken out, also where they were off before."""
    session: Session = context.obj
    wanted = read_kinds(kinds)
    found = those_to_switch(session, Switch(wanted, on=False, items=items), operators, file, everybody=everybody)
    kept = Items.KEEP if dry_run and not items else settle_items(items, f"Switching off {', '.join(wanted)}")
    switch_operators(session, Switch(wanted, on=False, items=kept), found, dry_run=dry_run)


@dataclass(frozen=True, slots=True)
class Switch:
    """Which kinds go on or off; `items` only for off."""

    kinds: tuple[Kind, ...]
    on: bool
    items: Items | None = None

    def line(self, number: int, operator: str) -> OperatorLine:
        """It as the line of an import."""
        cells = {OPERATOR_ID: operator} | {FLAGS[kind]: str(self.on).lower() for kind in self.kinds}
        return OperatorLine(number, cells | ({ITEMS: self.items.value} if self.items else {}))


def switch_operators(session: Session, switch: Switch, operators: Iterable[str], *, dry_run: bool) -> None:
    """Switch them, and show what became of each. Raises Refused where one was refused."""
    lines = (switch.line(number, operator) for number, operator in enumerate(operators, 1))
    fields = (OPERATOR_ID, *(FLAGS[kind] for kind in switch.kinds), ITEMS)
    total = len(operators) if isinstance(operators, list) else None
    results = send_lines(session, lines, fields, total=total, dry_run=dry_run)
    refuse_refused(show_results(session, results, numbered=False, dry_run=dry_run))


def read_kinds(text: str) -> tuple[Kind, ...]:
    """The kinds of a list with commas. Raises BadParameter."""
    try:
        return tuple(dict.fromkeys(Kind(name.strip()) for name in text.split(",")))
    except ValueError as error:
        raise typer.BadParameter(f"--kinds {text}: write {', '.join(Kind)}, with commas between") from error


def those_to_switch(
    session: Session, switch: Switch, ids: list[str] | None, file: Path | None, *, everybody: bool
) -> Iterable[str]:
    """The ids that the command names, each once; with --all page by page, those that the switch may change."""
    return chosen(ids, file, _all(session, switch) if everybody else None)


def _all(session: Session, switch: Switch) -> Iterator[str]:
    removes = switch.items is Items.REMOVE
    only = {"kind": switch.kinds[0].value, "on": str(not switch.on).lower()}
    return all_operators(session.remote, **(only if len(switch.kinds) == 1 and not removes else {}))
