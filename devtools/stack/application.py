"""The application's side of the HTTP interface: what a CRM and an administrator would call, over real HTTP. DESIGN 8."""

from collections.abc import Mapping
from typing import Any, Self

import httpx

type Document = dict[str, Any]
_MOST = 200
_SLICE = 8 * 1024 * 1024


class Refused(Exception):
    """The interface answered with a problem document; `code` is its stable code."""

    def __init__(self, status: int, document: Document) -> None:
        super().__init__(f"{status} {document.get('code')}: {document.get('detail')}")
        self.status = status
        self.code = str(document.get("code", ""))
        self.document = document


class Application:
    """A client of `/api`. Every method raises Refused for an answer that is not 2xx."""

    def __init__(self, url: str) -> None:
        self.http = httpx.AsyncClient(base_url=f"{url}/api", timeout=60, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.http.aclose()

    # Settings and operators

    async def settings(self) -> Document:
        """The settings document with all defaults."""
        return await self._json("GET", "/settings")

    async def configure(self, patch: Mapping[str, Any], *, secret: str = "") -> Document:
        """Merge a patch into the settings, whatever their version."""
        headers = {"If-Match": b"*"} | ({"X-Confirm-Secret": secret.encode()} if secret else {})
        return await self._json("PATCH", "/settings", json=dict(patch), headers=headers)

    async def put_operator(
        self, operator_id: str, mailbox: str, *, email_sync: bool = True, items: str = "keep", **more: Any
    ) -> Document:
        """Put an operator whole."""
        body = {"mailbox": mailbox, "email_sync": email_sync, **more}
        return await self._json("PUT", f"/operators/{operator_id}", json=body, params={"items": items})

    async def operators(self) -> list[Document]:
        """All operators."""
        return await self._all("/operators", {})

    async def delete_operator(self, operator_id: str, *, items: str = "keep") -> None:
        """Delete an operator."""
        await self.ask("DELETE", f"/operators/{operator_id}", params={"items": items})

    async def sync(self, operator_id: str) -> None:
        """Ask for a sync of the email now."""
        await self.ask("POST", f"/operators/{operator_id}/sync", json={"kinds": ["email"]})

    async def release(self, operator_id: str) -> None:
        """Release what the brake holds of the email."""
        await self.ask("POST", f"/operators/{operator_id}/release", json={"kind": "email"})

    # What the application holds

    async def emails(self, operator_id: str, *, with_body: bool = False) -> list[Document]:
        """All emails, newest first."""
        return await self._all(f"/operators/{operator_id}/emails", {"include": "body"} if with_body else {})

    async def newest(self, operator_id: str, limit: int = 20) -> list[Document]:
        """The newest emails."""
        page = await self._json("GET", f"/operators/{operator_id}/emails", params={"limit": limit})
        found: list[Document] = page["items"]
        return found

    async def email(self, operator_id: str, item_id: str) -> Document:
        """One email with its bodies."""
        return await self._json("GET", f"/operators/{operator_id}/emails/{item_id}")

    async def attachment(self, operator_id: str, item_id: str, number: int) -> bytes:
        """An attachment's content, whichever way it is answered: whole, by a link, or in ranges."""
        return await self._content(f"/operators/{operator_id}/emails/{item_id}/attachments/{number}")

    async def mime(self, operator_id: str, item_id: str) -> bytes:
        """An email as RFC 5322, as Exchange has it."""
        return await self._content(f"/operators/{operator_id}/emails/{item_id}/mime")

    async def changes(self, operator_id: str, *, after: str = "") -> tuple[list[Document], str]:
        """All entries of the feed after a cursor, and the cursor to go on from."""
        found: list[Document] = []
        while True:
            params = {"kind": "email", "limit": _MOST} | ({"after": after} if after else {})
            page = await self._json("GET", f"/operators/{operator_id}/changes", params=params)
            after = page["next"]
            if not page["changes"]:
                return found, after
            found += page["changes"]

    async def status(self, operator_id: str) -> Document:
        """The status of the operator's email."""
        document = await self._json("GET", f"/operators/{operator_id}/status")
        kind: Document = document["kinds"]["email"]
        return kind

    async def failures(self, operator_id: str) -> list[Document]:
        """The operator's items that could not be read."""
        return await self._all("/failures", {"operator_id": operator_id})

    # HTTP

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request. Raises Refused for a status of 400 and above."""
        response = await self.http.request(method, path, **options)
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return response

    async def _json(self, method: str, path: str, **options: Any) -> Document:
        document: Document = (await self.ask(method, path, **options)).json()
        return document

    async def _all(self, path: str, params: Mapping[str, Any]) -> list[Document]:
        found: list[Document] = []
        after = ""
        while True:
            page = await self._json(
                "GET", path, params={**params, "limit": _MOST, **({"after": after} if after else {})}
            )
            found += page["items"]
            after = page["next"] or ""
            if not after:
                return found

    async def _content(self, path: str) -> bytes:
        response = await self.http.get(path, follow_redirects=True)
        if response.status_code == 416 and _problem(response).get("code") == "range-required":
            return await self._in_ranges(path, int(response.headers["Content-Range"].rpartition("/")[2]))
        if response.status_code >= 400:
            raise Refused(response.status_code, _problem(response))
        return response.content

    async def _in_ranges(self, path: str, size: int) -> bytes:
        found = b""
        while len(found) < size:
            wanted = {"Range": f"bytes={len(found)}-{min(len(found) + _SLICE, size) - 1}"}
            found += (await self.ask("GET", path, headers=wanted)).content
        return found


def _problem(response: httpx.Response) -> Document:
    try:
        document = response.json()
    except ValueError:
        return {"detail": response.text[:500]}
    return document if isinstance(document, dict) else {"detail": str(document)[:500]}
