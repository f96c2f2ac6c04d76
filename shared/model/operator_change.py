"""What a line of a table makes of an operator: what it says changes, and all else stays. Pure."""

from collections.abc import Collection
from dataclasses import asdict, replace
from difflib import get_close_matches
from typing import Any

from shared.errors import Invalid
from shared.model.configuration import AUTO
from shared.model.operator import Kind, Operator
from shared.model.operator_table import (
    CONNECTION,
    EXPORTED,
    FLAGS,
    ITEMS,
    MAILBOX,
    OPERATOR_ID,
    TIME_ZONE,
    OperatorLine,
)

_ON = frozenset({"true", "yes", "y", "1", "x", "on", "t", "wahr", "ja", "vrai", "oui", "verdadero", "si", "sí", "vero"})
_OFF = frozenset({"false", "no", "n", "0", "-", "off", "f", "falsch", "nein", "faux", "non", "falso"})


def operator_after(line: OperatorLine, before: Operator | None) -> Operator:
    """The operator as the line wants it; `before` as it is when nothing changes.

    Raises Invalid: "operator-invalid", "operator-unknown", "mailbox-missing".
    """
    standing = before if before and not before.removed else None
    facts: dict[str, Any] = {name: line.cells[name] for name in (CONNECTION, TIME_ZONE) if name in line.cells}
    facts |= flags_of(line)
    # SMTP addresses differ in case for nobody, so that alone is no change, which would wake the mailbox.
    if standing is None or line.cells.get(MAILBOX, standing.mailbox).lower() != standing.mailbox.lower():
        facts[MAILBOX] = line.cells.get(MAILBOX, "")
    operator = replace(standing or Operator(line.operator_id, "", ""), **facts)
    if not operator.mailbox and not line.lacks_mailbox:
        raise Invalid(
            "operator-unknown", f"there is no operator {line.operator_id}, and to make one a mailbox is needed"
        )
    if not operator.mailbox or (line.lacks_mailbox and any(operator.flag(kind) for kind in Kind)):
        raise Invalid("mailbox-missing", f"operator {line.operator_id} has no mailbox in the file")
    return operator


def flags_of(line: OperatorLine) -> dict[str, bool]:
    """The flags that the line gives. Raises Invalid("operator-invalid") for what is neither on nor off."""
    flags: dict[str, bool] = {}
    problems = []
    for name in FLAGS:
        value = line.cells.get(name, "").lower()
        if value in _ON or value in _OFF:
            flags[name] = value in _ON
        elif value:
            problems.append(f'{name}: "{line.cells[name]}" is neither on nor off; write true or false')
    if line.cells.get(ITEMS, "keep") not in ("keep", "remove"):
        problems.append(f'{ITEMS}: "{line.cells[ITEMS]}" is not known; write keep or remove')
    if problems:
        raise Invalid("operator-invalid", "\n".join(problems))
    return flags


def says_off(line: OperatorLine) -> bool:
    """Whether the line switches something off, if it is on."""
    return any(line.cells.get(name, "").lower() in _OFF for name in FLAGS)


def unknown_connection(before: Operator | None, after: Operator, known: Collection[str]) -> str:
    """What is wrong where the change names a connection that is not among those of the settings; empty where it is.

    Where they have none yet, whoever begins with the operators may name any.
    """
    named = after.connection
    if not known or named == AUTO or named in known:
        return ""
    if before is not None and not before.removed and before.connection == named:
        return ""
    close = get_close_matches(named, known, 1)
    meant = f' (is it "{close[0]}"?)' if close else ""
    words = f'the settings have no connection "{named[:100]}"{meant}'
    return f"{words}; name one of {', '.join(sorted(known))} or {AUTO}"


def is_same_mailbox(before: Operator | None, after: Operator) -> bool:
    """Whether the operator has this mailbox, by the same connection, already."""
    if before is None or before.removed:
        return False
    return (before.mailbox.lower(), before.connection) == (after.mailbox.lower(), after.connection)


def changes_between(before: Operator | None, after: Operator) -> dict[str, tuple[Any, Any]]:
    """What the change alters: by field, the value before (None for a new operator) and after."""
    old = asdict(before) if before and not before.removed else {}
    new = asdict(after)
    fields = [name for name in EXPORTED if name != OPERATOR_ID]
    return {name: (old.get(name), new[name]) for name in fields if old.get(name) != new[name]}


def switched_off(before: Operator | None, after: Operator) -> tuple[Kind, ...]:
    """The kinds that the change switches off."""
    return tuple(kind for kind in Kind if before and before.flag(kind) and not after.flag(kind))
