"""Problem documents: whatever goes wrong, as RFC 9457 with the code, cause and remedy of the failure registry."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from http_api.audited import name_problem
from shared.errors import Invalid, Permanent, Reconfigure, Resync, SyncError, Transient, Unclear
from shared.model.failures import failure

MEDIA_TYPE = "application/problem+json"
_BY_CODE = {
    "operator-unknown": 404,
    "item-unknown": 404,
    "attachment-unknown": 404,
    "attachment-elsewhere": 409,
    "mailbox-taken": 409,
    "failure-unknown": 404,
    "kind-off": 409,
    "nothing-held": 409,
    "role-missing": 403,
    "operator-not-yours": 403,
    "sign-in-required": 401,
    "precondition-required": 428,
    "precondition-failed": 412,
    "range-required": 416,
    "range-invalid": 416,
    "not-found": 404,
    "pause-unknown": 404,
    "forget-unknown": 404,
    "forget-under-way": 409,
    "address-of-operator": 409,
    "certificate-unknown": 404,
    "secret-too-large": 413,
    "import-too-large": 413,
    "secret-not-confirmed": 403,
    "item-gone": 410,
    "content-missing": 500,
}
_BY_CLASS = ((Invalid, 400), (Transient, 503), (Resync, 503), (Reconfigure, 502), (Permanent, 502))
_BY_STATUS = {404: "not-found", 405: "method-not-allowed"}
_EXAMPLE = {
    "type": "urn:exchange-crm-sync:failure:operator-unknown",
    "title": "There is no such operator.",
    "status": 404,
    "detail": "there is no operator charlie",
    "code": "operator-unknown",
    "remedy": failure("operator-unknown").remedy_of_call,
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem document; `code` is of docs/failures.md",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _EXAMPLE}},
    }
}


def problem(
    code: str, status: int, detail: str = "", *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """A problem document; `more` are members of its own, such as a URL."""
    entry = failure(code)
    document = {
        "type": f"urn:exchange-crm-sync:failure:{code}",
        "title": entry.cause,
        "status": status,
        "detail": (detail or entry.cause).encode("utf-8", "replace").decode(),
        "code": code,
        "remedy": entry.remedy_of_call,
        **more,
    }
    return JSONResponse(document, status, headers, MEDIA_TYPE)


def status_of(error: SyncError) -> int:
    """The HTTP status of an error: of its code, else of its class."""
    by_class = next(status for kind, status in _BY_CLASS if isinstance(error, kind))
    return _BY_CODE.get(error.code, by_class)


def answer_problems(app: FastAPI) -> None:
    """Let every error become a problem document. What is not named here is answered by the guard."""
    app.add_exception_handler(SyncError, _sync_error)
    app.add_exception_handler(Unclear, _unclear)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)


async def _sync_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SyncError)
    name_problem(request, error.code)
    headers = {}
    if error.retry_after is not None or isinstance(error, Transient):
        headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds() if error.retry_after else 5)))
    known_as = {"request_id": error.request_id} if error.request_id else {}
    return problem(error.code, status_of(error), error.detail, headers=headers, **known_as)


async def _unclear(request: Request, _: Exception) -> JSONResponse:
    name_problem(request, "storage-unavailable")
    return problem("storage-unavailable", 503, "a write was not acknowledged", headers={"Retry-After": "5"})


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    """What FastAPI found wrong, line by line; the values themselves are not repeated."""
    assert isinstance(error, RequestValidationError)
    name_problem(request, "request-malformed")
    lines = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
    if lines[0].startswith("body: ") and "json" not in request.headers.get("content-type", ""):
        lines.append("Content-Type: send application/json")
    return problem("request-malformed", 400, "\n".join(lines))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "request-malformed")
    detail = f"{request.method} {request.url.path}"
    return problem(code, error.status_code, detail, headers=dict(error.headers or {}))
