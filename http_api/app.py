"""The FastAPI application: one router per resource, problem documents for all that goes wrong. DESIGN 8."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from http_api import (
    advances,
    alerts,
    audit,
    changes,
    discover,
    doctor,
    documentation,
    emails,
    failures,
    forget,
    health,
    import_operators,
    operators,
    pauses,
    settings,
    status,
    status_of_many,
    trust,
    verification,
    why,
)
from http_api.audited import Audited
from http_api.documents import Problem
from http_api.guard import Guard
from http_api.misspelt import refuse_misspelt
from http_api.problems import PROBLEMS, answer_problems
from shared.compose import World
from shared.model.release import VERSION

PREFIX = "/api"
_ROUTERS = (
    import_operators,
    operators,
    verification,
    emails,
    changes,
    advances,
    status,
    status_of_many,
    why,
    failures,
    alerts,
    settings,
    trust,
    discover,
    doctor,
    pauses,
    audit,
    forget,
    health,
)
_DESCRIPTION = (
    "Email of Exchange for the CRM: the items, the ordered change feed, and what administrators need. "
    "Times are UTC with `Z`; lists are `{items, next}`; errors are problem documents (RFC 9457) with a `code`."
)


def create_app(
    world_source: Callable[[], Awaitable[World]],
    *,
    local: bool = False,
    signs_in: bool = False,
    settings_changed: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Build the application. `local`: answer only requests that a page of this machine may make. `signs_in`: the
    platform says who calls. `settings_changed` is called once they were."""
    app = FastAPI(
        title="Exchange CRM Sync",
        version=VERSION,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses=PROBLEMS,
    )
    app.state.world_source = world_source
    app.state.readers = {}
    app.state.verifying = {}
    app.state.signs_in = signs_in
    app.state.settings_changed = settings_changed
    for module in _ROUTERS:
        app.include_router(module.router, prefix=PREFIX, dependencies=[Depends(refuse_misspelt)])
    app.include_router(documentation.router, prefix=PREFIX, include_in_schema=False)
    answer_problems(app)
    app.add_middleware(Audited)
    app.add_middleware(Guard, local=local)
    _describe(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _describe(app: FastAPI) -> None:
    """Let the description name the function's key, and show the examples whole."""
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            key = {"type": "apiKey", "in": "header", "name": "x-functions-key"}
            token = {
                "type": "http",
                "scheme": "bearer",
                "description": "Of Microsoft Entra ID, where the platform asks for it",
            }
            document["components"]["securitySchemes"] = {"function_key": key, "entra_token": token}
            document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
            document["security"] = [{"function_key": []}, {"entra_token": []}]
            for module in _ROUTERS:
                _restore_nulls(document, module.router)
        return made()

    app.openapi = described  # type: ignore[method-assign]


def _restore_nulls(document: dict[str, Any], router: APIRouter) -> None:
    """FastAPI drops whatever is null from the description, also out of examples: put these back."""
    for route in router.routes:
        assert isinstance(route, APIRoute)
        for method in route.methods or ():
            answers = document["paths"][PREFIX + route.path][method.lower()]["responses"]
            for code, answer in route.responses.items():
                for media, content in answer.get("content", {}).items():
                    answers[str(code)]["content"][media]["example"] = content["example"]
