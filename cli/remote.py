"""The HTTP interface of a running app, local or in Azure, as a terminal command needs it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

import httpx


class Refused(Exception):
    """The app refused, or could not be reached; the text says why and what to do. `code` is the refusal's, if it has one."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class Remote:
    """Calls to one app. `url` is its base (`http://127.0.0.1:7071/api`); `key` a function key, empty where none is needed."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"x-functions-key": key} if key else {}
        self._client = httpx.Client(base_url=url.rstrip("/") + "/", headers=headers, timeout=60, transport=transport)

    def get(self, path: str, **query: Any) -> Any:
        """The document at a path."""
        return self._call("GET", path, params=query)

    def pages(self, path: str, **query: Any) -> Any:
        """All entries of a paged list, as they come."""
        after: str | None = ""
        while after is not None:
            page = self.get(path, **query, **({"after": after} if after else {}))
            yield from page["items"]
            after = page["next"]

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> Any:
        """Send a document; what is answered, None where there is nothing."""
        return self._call(method, path, json=body, headers=headers, params=query)

    def upload(
        self, path: str, content: bytes, *, headers: dict[bytes, bytes] | None = None, timeout: float = 60, **query: Any
    ) -> Any:
        """Post a file as it is; what is answered, within `timeout` seconds."""
        headers = {b"Content-Type": b"application/octet-stream", **(headers or {})}
        return self._call("POST", path, content=content, headers=headers, params=query, timeout=timeout)

    def parts(self, path: str, **query: Any) -> Iterator[str]:
        """The parts of a text that comes in parts, each leading to the next by its header `Link` (RFC 8288)."""
        response = self._response("GET", path, params=query)
        yield response.text
        while onward := response.links.get("next"):
            response = self._response("GET", urljoin(str(response.url), onward["url"]))
            yield response.text

    def etag(self, path: str) -> str:
        """The version of the document at a path."""
        response = self._response("GET", path)
        return str(response.headers.get("etag", "*"))

    def _call(self, method: str, path: str, **request: Any) -> Any:
        response = self._response(method, path, **request)
        return response.json() if response.content else None

    def _response(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Refused(
                f"{self._client.base_url} cannot be reached ({error or type(error).__name__}). "
                "Is the app running (./dev serve)? Else give --url or set EXSYNC_URL."
            ) from error
        if response.is_error:
            raise Refused(*_problem(response))
        return response


def _problem(response: httpx.Response) -> tuple[str, str]:
    """What to tell a person, and the code."""
    if response.status_code == 401:
        return "The app wants a key: give --key or set EXSYNC_KEY.", ""
    try:
        problem = response.json()
    except json.JSONDecodeError:
        return f"HTTP {response.status_code} from {response.url.path}: is --url the app's /api?", ""
    lines = [
        problem.get("detail") or problem.get("title", ""),
        problem.get("remedy", ""),
        f"({problem.get('code', '')})",
    ]
    return "\n".join(line for line in lines if line and line != "()"), str(problem.get("code", ""))


def segment(text: str) -> str:
    """A name as one part of a path."""
    return quote(text, safe="")
