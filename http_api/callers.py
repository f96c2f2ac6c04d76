"""Who calls, and whether he may: each router says which roles its calls need. DESIGN 8.

router = APIRouter(prefix="/settings", dependencies=[needs(Role.ADMINISTRATOR)])

Where App Service Authentication stands before the app it says who calls. Without it the header could be anybody's, so it
is not looked at: the Functions host has checked the key. What is no GET is written into the audit before it is done.
"""

from typing import Annotated, Any, cast

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request

from http_api.audited import record_intent, record_refusal
from shared.errors import Invalid
from shared.model.caller import KEY_HOLDER, Caller, Role
from shared.model.client_principal import read_principal

_HEADER = "x-ms-client-principal"


async def _caller(request: Request) -> Caller:
    if not request.app.state.signs_in:
        return KEY_HOLDER
    return read_principal(request.headers.get(_HEADER, ""))


TheCaller = Annotated[Caller, Depends(_caller)]
"""Who calls."""


class Needs:
    """A route's dependency: the caller has one of these roles, for the operator that the request names.

    `conceals`: the audit does not name the operator, who is to be forgotten. `narrows`: a call about no single operator
    shows an application that is limited to some only what is theirs. `only_looks`: it goes on where the audit cannot be
    written.
    """

    def __init__(self, *roles: Role, conceals: bool = False, narrows: bool = False, only_looks: bool = False) -> None:
        self.roles = frozenset(roles)
        self.conceals = conceals
        self.narrows = narrows
        self.only_looks = only_looks

    async def __call__(self, request: Request, caller: TheCaller) -> None:
        """Raise Invalid: "role-missing" or "operator-not-yours" for anybody else."""
        refusal = self._refusal(caller, request)
        if refusal is None:
            await record_intent(request, caller, conceals=self.conceals, only_looks=self.only_looks)
        else:
            await record_refusal(request, caller, refusal, conceals=self.conceals)
            raise refusal

    def _refusal(self, caller: Caller, request: Request) -> Invalid | None:
        wanted = " or ".join(sorted(self.roles))
        if not caller.may(self.roles):
            return Invalid("role-missing", f"{caller.name} has none of the roles that this call needs: {wanted}")
        if not self.narrows and not caller.may_see(self.roles, _operator_of(request)):
            return Invalid(
                "operator-not-yours", f"{caller.name} may call this for: {', '.join(caller.operators or ())}"
            )
        return None


def _operator_of(request: Request) -> str | None:
    """Which operator a call is about. A parameter that the route does not know says nothing about what it will show."""
    if "operator_id" in request.path_params:
        return str(request.path_params["operator_id"])
    route = cast(APIRoute, request.scope["route"])
    known = any(parameter.alias == "operator_id" for parameter in route.dependant.query_params)
    return request.query_params.get("operator_id") if known else None


def needs(*roles: Role, conceals: bool = False, narrows: bool = False, only_looks: bool = False) -> Any:
    """The dependency for a router or a route."""
    return Depends(Needs(*roles, conceals=conceals, narrows=narrows, only_looks=only_looks))
