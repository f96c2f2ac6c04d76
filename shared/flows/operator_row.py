"""The row of an operator, between its facts (`model/operator.py`) and its columns. All operators are one partition."""

import re
from dataclasses import asdict
from typing import Any

from shared.model.operator import Operator
from shared.ports import Row, Rows, Value

TABLE = "operators"
PARTITION = "operator"
OPERATOR_ID = re.compile(r"[A-Za-z0-9._@-]{1,128}")


async def read_operator(rows: Rows, operator_id: str) -> tuple[Operator | None, Row | None]:
    """The operator of that id and its row, also a removed one; None, None where there never was one."""
    row = await rows.get(TABLE, PARTITION, operator_id) if OPERATOR_ID.fullmatch(operator_id) else None
    return (None, None) if row is None else (operator_of(row), row)


def operator_of(row: Row) -> Operator:
    """An operator from its row."""
    values: dict[str, Any] = dict(row.values)
    return Operator(id=row.key, **values)


def operator_columns(operator: Operator) -> dict[str, Value]:
    """The columns of an operator; the id is the row's key."""
    columns = asdict(operator)
    del columns["id"]
    return columns
