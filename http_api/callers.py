"""Who calls, and whether he may: each router says which roles its calls need. DESIGN 8.

router = APIRouter(prefix="/settings", dependencies=[needs(Role.ADMINISTRATOR)])
"""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from shared.errors import Invalid
from shared.model.caller import KEY_HOLDER, Caller, Role


async def _caller(_: Request) -> Caller:
    return KEY_HOLDER


TheCaller = Annotated[Caller, Depends(_caller)]
"""Who calls."""


class Needs:
    """A route's dependency: the caller has one of these roles."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, caller: TheCaller) -> None:
        """Raise Invalid("role-missing") for anybody else."""
        if not caller.may(self.roles):
            wanted = " or ".join(sorted(self.roles))
            raise Invalid("role-missing", f"{caller.name} has none of the roles that this call needs: {wanted}")


def needs(*roles: Role) -> Any:
    """The dependency for a router or a route."""
    return Depends(Needs(*roles))
