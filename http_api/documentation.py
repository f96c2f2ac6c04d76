"""The description of all calls, and at `/docs` the page that shows and tries them.

Its script and style come from a pinned package, no CDN. In Azure the browser's address has the function key (`?code=…`);
the page hands it on to everything it loads.
"""

import html
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.requests import Request

from http_api.callers import needs
from shared.errors import Invalid
from shared.model.caller import Role

router = APIRouter(dependencies=[needs(*Role)])
_PACKAGE = "fastapi_offline"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_START = """\
const code = new URLSearchParams(location.search).get("code");
SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  requestInterceptor: (request) => {
    if (code) request.headers["x-functions-key"] = code;
    return request;
  },
});
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Exchange CRM Sync: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/swagger-ui.css?{query}">
</head>
<body>
<div id="page"></div>
<script src="/api/docs/swagger-ui-bundle.js?{query}"></script>
<script src="/api/docs/start.js?{query}"></script>
</body>
</html>
"""


@router.get("/openapi.json")
async def get_description(request: Request) -> JSONResponse:
    """The description of all calls, for machines: OpenAPI."""
    return JSONResponse(request.app.openapi())


@router.get("/docs")
async def get_docs(code: str = "") -> HTMLResponse:
    """The page."""
    key = f"&code={quote(code, safe='')}" if code else ""
    query = html.escape(f"v={version(_PACKAGE)}{key}")
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}
    return HTMLResponse(_PAGE.format(query=query), headers=headers)


@router.get("/docs/start.js")
async def get_start() -> PlainTextResponse:
    """The script that starts the page."""
    return PlainTextResponse(_START, media_type="text/javascript")


@router.get("/docs/{name}")
async def get_asset(name: str) -> Response:
    """A file of Swagger UI; its address has the version, so it may be kept for good."""
    if name not in _ASSETS:
        raise Invalid("not-found", f"there is no {name[:64]}")
    return Response(_asset(name), headers=_FOREVER, media_type=_ASSETS[name])


@cache
def _asset(name: str) -> bytes:
    return (files(_PACKAGE) / "static" / name).read_bytes()
