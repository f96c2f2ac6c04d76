"""What may be written for a setting: readers that take a JSON value and give the fact, or say what to write instead.

A reader raises ValueError with a sentence for a person. Standard library only, nothing is looked up.
"""

import json
import re
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

type Reader = Callable[[Any], Any]

AUTO = "auto"
"""Of a connection's `url`, and of an operator's `connection`: Autodiscover finds it."""
LISTENER = "/api/ews/notifications"
"""Where the app's listener is, below its host."""
_MOST_DAYS = 36500
_MOST_TOLD = 80
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+")
_ADDRESS = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")


def _told(value: Any) -> str:
    """What was written, as it is written: it goes back into a line that a person reads."""
    words = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _MOST_TOLD else f"{words[:_MOST_TOLD]}…"


def flag(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{_told(value)} is not true or false; write true or false, without quotes")
    return value


def text(value: Any) -> str:
    """One line of text, which may be empty."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > 500:
        raise ValueError(f"{_told(value)} is not a line of text of at most 500 characters")
    return value.strip()


def name(value: Any) -> str:
    """One line of text that is not empty."""
    if not text(value):
        raise ValueError("it is empty; write a name, or remove it")
    return text(value)


def whole(low: int, high: int) -> Reader:
    """A whole number from `low` to `high`."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(
                f"{_told(value)} is not allowed; write a whole number from {low} to {high}, without quotes"
            )
        return value

    return read


def days(value: Any) -> int | None:
    """A whole number of days, or None for `all`."""
    if value == "all":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_DAYS:
        raise ValueError(f'{_told(value)} is not allowed; write a whole number from 0 to {_MOST_DAYS}, or "all"')
    return value


def one_of(*choices: str) -> Reader:
    """One of the choices, written exactly so."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{_told(value)} is not known; write {_listed(choices)}{_respelled(value, choices)}")
        return str(value)

    return read


def _listed(choices: tuple[str, ...]) -> str:
    return " or ".join(f'"{choice}"' for choice in choices)


def _respelled(value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        return ""
    if same := [choice for choice in choices if choice.lower() == value.strip().lower()]:
        return f' (here: "{same[0]}")'
    close = get_close_matches(value.strip(), choices, 1, 0.8)
    return f'; did you mean "{close[0]}"?' if close else ""


def list_of(reader: Reader, *, least: int = 0) -> Reader:
    """A list of at least so many; each entry as `reader` wants it, repetitions dropped."""

    def read(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) and value.lstrip().startswith("["):
            raise ValueError(f'{_told(value)} is a list that is not whole; write for example ["one", "another"]')
        if not isinstance(value, list):
            raise ValueError(f"{_told(value)} is not a list; write [{_quoted(value)}]")
        if len(value) < least:
            raise ValueError("the list is empty; write at least one, or leave the setting out")
        return tuple(dict.fromkeys(reader(entry) for entry in value))

    return read


def _quoted(value: Any) -> str:
    parts = re.split(r"\s*[;,]\s*", value.strip()) if isinstance(value, str) else ["…"]
    return ", ".join(f'"{part}"' for part in parts if part)


def address(value: Any) -> str:
    """A mail address, in lower case."""
    if not isinstance(value, str) or not is_address(value.strip()):
        raise ValueError(f"{_told(value)} is not a mail address; write {_addresses_in(value)}")
    return value.strip().lower()


def _addresses_in(value: Any) -> str:
    """What to write in place of several addresses in one text."""
    parts = [part for part in re.split(r"[;,\s]+", value) if part] if isinstance(value, str) else []
    several = len(parts) > 1 and all(map(is_address, parts))
    return json.dumps(parts) if several else 'for example "charlie@example.com"'


def addresses(value: Any) -> tuple[str, ...]:
    """Mail addresses that any server takes, as a list, or in one text with semicolons, as the earlier product has them."""
    if isinstance(value, str):
        value = [part for part in re.split(r"\s*;\s*", value.strip()) if part]
    found: tuple[str, ...] = list_of(ascii_address)(value)
    return found


def ascii_address(value: Any) -> str:
    """A mail address that any server takes, in lower case."""
    if not (found := address(value)).isascii():
        raise ValueError(f"{_told(value)} has letters that not every mail server takes; write an address in ASCII")
    return found


def smtp_url(value: Any) -> str:
    """A mail server: `smtp://host` (STARTTLS) or `smtps://host` (TLS from the first byte), with a port where it is another."""
    text_given = value.strip() if isinstance(value, str) else ""
    try:
        parts = urlsplit(text_given)
        fits = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if "@" in text_given:
        raise ValueError("it has a user name; write it without, and set the secrets alerts-smtp-username and -password")
    if not fits or not text_given.isprintable() or " " in text_given or parts.path.strip("/") or parts.query:
        raise ValueError(
            f'{_told(value)} is not the URL of a mail server; write "smtp://host:587" or "smtps://host:465"'
        )
    return text_given.rstrip("/")


def is_address(value: str) -> bool:
    """Whether it looks like an SMTP address: something, @, something, at most 320 characters (RFC 5321, 4.5.3.1)."""
    return len(value) <= 320 and value.isprintable() and _ADDRESS.fullmatch(value) is not None


def domain(value: Any) -> str:
    """A domain, in lower case, without `@`."""
    given = value.strip().lower() if isinstance(value, str) else ""
    if not _DOMAIN.fullmatch(given):
        meant = _domain_in(given)
        raise ValueError(
            f"{_told(value)} is not a domain; write {f'"{meant}"' if meant else 'for example "example.com"'}"
        )
    return given


def _domain_in(text: str) -> str:
    """The domain of an address, of a URL, or of one with letters beyond ASCII, as mail has it; empty for none."""
    host = re.split(r"[/:]", re.sub(r"^\w+://", "", text))[0].rpartition("@")[2]
    try:
        found = host.encode("idna").decode()
    except UnicodeError:
        return ""
    return found if _DOMAIN.fullmatch(found) else ""


def exchange_url(value: Any) -> str:
    """An EWS endpoint: https (http on loopback only), with a host and a path; or `auto`."""
    if isinstance(value, str) and value.strip().lower() == AUTO:
        return AUTO
    url = secure_url(value)
    parts = urlsplit(url)
    if parts.path.lower().rstrip("/") in ("", "/ews"):
        raise ValueError(f'"{url}" is not an EWS endpoint; write "{parts.scheme}://{parts.netloc}/EWS/Exchange.asmx"')
    if re.match(r"/(owa|ecp|mapi)\b", parts.path, re.IGNORECASE):
        whose = f"{parts.scheme}://{parts.netloc}"
        raise ValueError(f'"{url}" is a page for people; write "{whose}/EWS/Exchange.asmx"')
    return url


def listener_url(value: Any) -> str:
    """The listener's URL: a proxy may give it another path, but it is not the app's own address."""
    url = secure_url(value)
    parts = urlsplit(url)
    if parts.path.lower().rstrip("/") in ("", "/api", "/api/ews"):
        raise ValueError(f'"{url}" is not the listener; write "{parts.scheme}://{parts.netloc}{LISTENER}"')
    return url


def secure_url(value: Any) -> str:
    """A URL with https (http on loopback only), a host, and nothing that could hold a secret."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'{_told(value)} is not a URL; write "https://…"')
    url = value.strip()
    if re.search(r"@|\?|#", url):
        raise ValueError("it has a user name, a query or a fragment; write it without: secrets are never settings")
    mended = mended_url(url)
    if mended != url:
        raise ValueError(f'"{url}" is not a URL; write "{mended}"')
    parts = _split(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f'"{url}" is not encrypted; write "https{url[4:]}"')
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError(f'"{url}" is not a URL; write "https://host/path"')
    return parts


def mended_url(url: str) -> str:
    """A URL with its misprinted scheme put right: `https//`, `https:/`, `htps://`, none at all."""
    found = re.match(r"(?i)(h[tps]{2,5})(:+/*|;+/+|/{1,3})(?=[^/])", url)
    if found:
        scheme = "http" if found[1].lower() in ("http", "htp", "htttp") else "https"
        right = found[0] == f"{scheme}://"
        return url if right else f"{scheme}://{url[found.end() :]}"
    if re.match(r"[\w-]+(\.[\w-]+)+(:\d+)?(/|$)", url):
        return f"https://{url}"
    return url


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
