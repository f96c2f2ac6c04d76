"""The HTTP interface of a running app, local or in Azure, as a terminal command needs it."""

import json
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

import httpx

from cli.refused import Refused as Refused

_TIMEOUT = 90
"""Seconds; the doctor takes up to 60."""
_OTHER = "is --url the app's /api?"
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_BUSY = frozenset({429, 503})
_ATTEMPTS = 4
_PAUSE, _LONGEST_PAUSE = 2, 30


class Remote:
    """Calls to one app. `url` is its base (`http://127.0.0.1:7071/api`); `key` a function key, empty where none is needed.

    `sign_in` signs each request besides; `trusted` verifies the app's certificate. Proxies are those of the environment
    (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). A call that may be repeated is, where the app asks for a pause.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        sign_in: httpx.Auth | None = None,
        trusted: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"x-functions-key": key} if key else {}
        self.url = url.rstrip("/")
        self.trusted = trusted or ssl.create_default_context()
        self._client = httpx.Client(
            base_url=f"{self.url}/",
            headers=headers,
            auth=sign_in,
            verify=self.trusted,
            timeout=_TIMEOUT,
            transport=transport,
        )

    def get(self, path: str, **query: Any) -> Any:
        """The document at a path."""
        return self._call("GET", path, params=query)

    def pages(self, path: str, **query: Any) -> Any:
        """All entries of a paged list, as they come."""
        after: str | None = ""
        while after is not None:
            page = self.get(path, **query, **({"after": after} if after else {}))
            if not isinstance(page, dict) or not {"items", "next"} <= page.keys():
                raise Refused(f"{self.url}/{path} answers something else than a list: {_OTHER}")
            yield from page["items"]
            after = page["next"]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        patience: float = _TIMEOUT,
        **query: Any,
    ) -> Any:
        """Send a document; what is answered within `patience` seconds, None where there is nothing."""
        return self._call(method, path, json=body, headers=headers, params=query, timeout=patience)

    def upload(
        self,
        path: str,
        content: bytes,
        *,
        headers: dict[bytes, bytes] | None = None,
        patience: float = _TIMEOUT,
        repeatable: bool = False,
        **query: Any,
    ) -> Any:
        """Post a file as it is; what is answered, within `patience` seconds. `repeatable`: it may be done twice."""
        headers = {b"Content-Type": b"application/octet-stream", **(headers or {})}
        request: dict[str, Any] = {"content": content, "params": query, "timeout": patience}
        return self._call("POST", path, headers=headers, repeatable=repeatable, **request)

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

    def answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Whatever the app answers, also a refusal. Raises Refused where nothing does."""
        try:
            return self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Refused(_unreachable(self.url, error)) from error

    def _call(self, method: str, path: str, **request: Any) -> Any:
        response = self._response(method, path, **request)
        if not response.content:
            return None
        try:
            return response.json()
        except json.JSONDecodeError as error:
            raise Refused(f"{response.url} answers something else than JSON: {_OTHER}") from error

    def _response(self, method: str, path: str, *, repeatable: bool = False, **request: Any) -> httpx.Response:
        pauses = iter(range(_ATTEMPTS - 1)) if repeatable or method in _REPEATABLE else iter(())
        response = self.answer(method, path, **request)
        while response.status_code in _BUSY and next(pauses, None) is not None:
            pause = _pause(response)
            print(f"The app is busy ({response.status_code}); again in {pause} s.", file=sys.stderr)
            time.sleep(pause)
            response = self.answer(method, path, **request)
        if response.is_error or response.is_redirect:
            raise Refused(*refusal(response))
        return response


def _pause(response: httpx.Response) -> int:
    """Seconds, as the app asks for; it may also name a date, which is not worth the trouble."""
    asked = response.headers.get("retry-after", "")
    return min(int(asked), _LONGEST_PAUSE) if asked.isascii() and asked.isdigit() else _PAUSE


def refusal(response: httpx.Response) -> tuple[str, str]:
    """What to tell a person of an answer that is none, and the code."""
    if response.is_redirect:
        place = httpx.URL(response.headers.get("location", "")).host or response.headers.get("location", "")
        return f"The app sends us to {place} to sign in: give --auth entra and --scope.", ""
    try:
        problem = response.json()
        lines = [problem.get("detail") or problem.get("title", ""), problem.get("remedy", "")]
        code = str(problem.get("code", ""))
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError):
        return _without_document(response), ""
    text = "\n".join(line for line in (*lines, f"({code})" if code else "") if line)
    return text or _without_document(response), code


def _without_document(response: httpx.Response) -> str:
    """The Functions host and App Service Authentication refuse without a word."""
    if response.status_code == 401:
        return _not_let_in(response.request)
    if response.status_code == 403:
        return "HTTP 403: the app lets you in neither by network nor by account. See its access restrictions and roles."
    if response.is_server_error:
        return f"HTTP {response.status_code} from {response.url.path}: the app is starting, or does not run; see the portal."
    return f"HTTP {response.status_code} from {response.url.path}: {_OTHER}"


def _not_let_in(request: httpx.Request) -> str:
    """What is wrong with what was sent, or that nothing was."""
    token, key = ("authorization" in request.headers, "x-functions-key" in request.headers)
    if token:
        beside = ", and the --key beside it one of this app" if key else ""
        return f"The app does not take this token: is --scope its own (api://CLIENT-ID/.default){beside}, and may you use it?"
    if key:
        return (
            "The app does not take this key: is it whole, and one of this app (portal > the app > App keys)? Behind Entra ID it "
            "wants a token: --auth entra and --scope."
        )
    return "The app wants a key: give --key or set EXSYNC_KEY. Behind Entra ID: --auth entra and --scope."


def _unreachable(url: str, error: httpx.HTTPError) -> str:
    """Why nothing answered, and what to do."""
    causes = list(_causes(error))
    untrusted = next((each for each in causes if isinstance(each, ssl.SSLCertVerificationError)), None)
    if untrusted is not None:
        return (
            f"The certificate of {url} is not trusted: {untrusted.verify_message}. For an authority of your own give "
            "--ca FILE (PEM), or set SSL_CERT_FILE or REQUESTS_CA_BUNDLE."
        )
    if isinstance(error, httpx.ProxyError):
        return f"The proxy refuses the way to {url}: {error}. See HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
    if any(isinstance(each, socket.gaierror) for each in causes):
        return f"{url} cannot be reached: its name, or the proxy's, cannot be resolved. Correct --url or EXSYNC_URL."
    if isinstance(error, httpx.ReadTimeout):
        patience = error.request.extensions["timeout"]["read"]
        return f"{url} has not answered within {patience:g} seconds. What was asked may be done all the same: look."
    return (
        f"{url} cannot be reached ({error or type(error).__name__}). "
        "Is the app running (./dev serve)? Else give --url or set EXSYNC_URL."
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def segment(text: str) -> str:
    """A name as one part of a path."""
    return quote(text, safe="")
