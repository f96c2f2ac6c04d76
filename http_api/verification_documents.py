"""The documents of verification."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.model.operator import Kind


class VerifyRequest(BaseModel):
    """For which kinds an operator is verified."""

    model_config = ConfigDict(extra="forbid")

    kinds: Annotated[list[Kind], Field(min_length=1)] | None = Field(
        None, description="Those that are to go on; left out: those that are on."
    )


class Verified(BaseModel):
    """One thing that was looked at. `ok` null: it does not apply, or cannot be told yet."""

    name: Literal["connection", "address", "primary", "mailbox", "access", "folders", "push", "email_sync"]
    ok: bool | None
    detail: str
    code: str | None = Field(description="A code of docs/failures.md, where something is wrong.")
    remedy: str | None


class Adopted(BaseModel):
    """The alias that was replaced, and the primary address in its place."""

    from_: str = Field(alias="from")
    to: str


class Verification(BaseModel):
    """All checks, in the order in which faults are best mended. `ok`: nothing is at fault."""

    operator_id: str
    mailbox: str
    at: datetime
    ok: bool
    adopted: Adopted | None
    checks: list[Verified]
