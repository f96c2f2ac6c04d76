"""The way from this machine to the app, step by step: name, certificate, an answer, the clocks, and who may come in.

Findings are of the form that the app's own (`POST /doctor`) have; what depends on a failed one is not tried.
"""

import socket
import ssl
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from cli.refused import Refused
from cli.remote import Remote, refusal
from shared.model.checkup import TOLERATED, State
from shared.model.trust import Expiry, expiring_words, is_expiring

type Finding = dict[str, Any]
_NEEDS_KEY = frozenset({401, 403})
_SECONDS = 10
_OPEN = (
    "This address is open to everybody unless a network or Entra ID stands before the app: see its access restrictions, and "
    'that Authentication lets in unauthenticated requests (docs/operations.md, "Who may do what"). Or --url is another app\'s.'
)


class WayHere:
    """Looks at the way to one app. `findings` are in order; `answer` is what the app's own doctor said, None for nothing."""

    def __init__(self, remote: Remote, operator: str | None) -> None:
        self.findings: list[Finding] = []
        self.answer: Any = None
        self._remote = remote
        self._asked = {"operator_id": operator} if operator else {}
        self._parts = urlsplit(remote.url)
        self._host = self._parts.hostname or ""
        self._date: datetime | None = None

    def go(self) -> None:
        """Take each step, until one fails. Raises Refused for what the app says of the request itself."""
        steps = {
            "app: name": self._name,
            "app: certificate": self._certificate,
            "app: answer": self._health,
            "app: clock": self._clock,
            "app: key": self._doctor,
        }
        failed = ""
        for name, step in steps.items():
            found = finding(State.NOT_TRIED, f"it needs: {failed}") if failed else _looked(step)
            self.findings.append({"name": name} | found)
            failed = failed or (name if found["state"] == State.FAILED else "")

    def _name(self) -> Finding:
        if proxy := self._proxy():
            return finding(State.OK, f"{self._host}, by the proxy {proxy}")
        try:
            found = socket.getaddrinfo(self._host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as wrong:
            detail = f"{self._host} cannot be resolved: {wrong}"
            return finding(
                State.FAILED, detail, "Correct --url (or EXSYNC_URL, or the profile), or the DNS of this machine."
            )
        return finding(State.OK, f"{self._host} is {', '.join(dict.fromkeys(str(each[4][0]) for each in found))}")

    def _certificate(self) -> Finding:
        if self._parts.scheme != "https":
            return finding(State.OK, "none: http")
        if self._proxy():
            return finding(State.NOT_TRIED, "by a proxy it is looked at with the answer")
        try:
            plain = socket.create_connection((self._host, self._parts.port or 443), timeout=_SECONDS)
            with plain, self._remote.trusted.wrap_socket(plain, server_hostname=self._host) as secure:
                shown = secure.getpeercert() or {}
        except ssl.SSLCertVerificationError as wrong:
            remedy = "If the authority is your own: --ca FILE (PEM), SSL_CERT_FILE or REQUESTS_CA_BUNDLE."
            return finding(State.FAILED, f"{self._host}: {wrong.verify_message}", remedy)
        except OSError as wrong:
            remedy = (
                "See that the app runs at this address, and whether a firewall or a proxy (HTTPS_PROXY) is between."
            )
            return finding(State.FAILED, f"{self._host}: {wrong}", remedy)
        until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
        words = expiring_words(Expiry(f"the certificate of {self._host}", until), datetime.now(UTC))
        if is_expiring(until, datetime.now(UTC)):
            return finding(State.WARNING, words, "Renew it: callers and Exchange refuse it then.")
        return finding(State.OK, words)

    def _health(self) -> Finding:
        response = self._remote.answer("GET", "health")
        self._date = _date(response)
        if response.status_code in _NEEDS_KEY or response.is_redirect:
            return finding(State.FAILED, f"{response.url} answers {response.status_code}", _OPEN)
        if response.status_code != 200 or _document(response).get("status") != "ok":
            detail = f"{response.url} answers {response.status_code}: {refusal(response)[0]}"
            return finding(State.FAILED, detail, "Correct --url: https://YOUR-APP.azurewebsites.net/api")
        return finding(State.OK, f"{response.url} answers")

    def _clock(self) -> Finding:
        if self._date is None:
            return finding(State.NOT_TRIED, "the app's answers do not say what time it is there")
        ahead = datetime.now(UTC) - self._date
        words = f"this machine's clock is {abs(round(ahead.total_seconds()))} s from the app's"
        if abs(ahead) > TOLERATED:
            return finding(
                State.WARNING, words, "Set the clock of this machine; the checks below are by the app's own."
            )
        return finding(
            State.OK, words if abs(ahead) > timedelta(seconds=2) else "this machine's clock agrees with the app's"
        )

    def _doctor(self) -> Finding:
        response = self._remote.answer("POST", "doctor", json=self._asked)
        if response.status_code in _NEEDS_KEY or response.is_redirect:
            return finding(State.FAILED, f"the app answers {response.status_code}", refusal(response)[0])
        if response.is_server_error:
            detail = f"the app answers {response.status_code}: {refusal(response)[0]}"
            return finding(
                State.FAILED, detail, "See the app's log (Application Insights), and whether it is starting."
            )
        if response.is_error:
            raise Refused(*refusal(response))
        self.answer = response.json()
        return finding(State.OK, "taken")

    def _proxy(self) -> str:
        """The proxy of the environment for this app, without a password in its URL; "" for none."""
        if urllib.request.proxy_bypass(self._host):
            return ""
        found = urllib.request.getproxies()
        url = found.get(self._parts.scheme) or found.get("all") or ""
        return (urlsplit(url).hostname or url) if url else ""


def finding(state: State, detail: str, remedy: str | None = None) -> Finding:
    """A finding of this machine's; it has no code, since no app has told it."""
    facts = {"code": None, "cause": None, "owner": None, "seconds": None}
    return {"state": state.value, "detail": detail, "remedy": remedy, **facts}


def _looked(step: Callable[[], Finding]) -> Finding:
    try:
        return step()
    except Refused as wrong:
        if wrong.code:
            raise
        text, _, remedy = str(wrong).partition(". ")
        return finding(State.FAILED, text, remedy)


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _date(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).replace(
            tzinfo=UTC
        )  # always GMT: RFC 9110, 5.6.7
    except ValueError:
        return None
