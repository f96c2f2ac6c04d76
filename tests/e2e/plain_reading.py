"""What a message says, read by the standard library alone: independent of the simulator and of our code.

What Python itself cannot read of a message is None, and then nothing can be compared with it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

_TROUBLE = (ValueError, LookupError, AttributeError, TypeError, AssertionError, NotImplementedError, IndexError)


@dataclass(frozen=True, slots=True)
class File:
    """A part that is not the body; `name` None where it has none that Python can read."""

    name: str | None
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """One message. `files` are parts that are not the body."""

    subject: str | None
    author: list[str] | None
    to: list[str] | None
    cc: list[str] | None
    text: str | None
    html: str | None
    files: list[File] | None


def read(raw: bytes) -> Reading:
    """Read a message as far as Python can."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    parts = _tried(lambda: list(_leaves(message)))
    text, html, files = (None, None, None) if parts is None else _sorted(parts)
    return Reading(
        _tried(lambda: _subject(message)),
        _tried(lambda: _addresses(message, "from")),
        _tried(lambda: _addresses(message, "to")),
        _tried(lambda: _addresses(message, "cc")),
        text,
        html,
        files,
    )


def _tried[T](ask: Callable[[], T | None]) -> T | None:
    try:
        return ask()
    except _TROUBLE:
        return None


def _subject(message: EmailMessage) -> str | None:
    header = message["subject"]
    return "" if header is None else None if header.defects or "\ufffd" in header else str(header)


def _addresses(message: EmailMessage, name: str) -> list[str] | None:
    found: list[str] = []
    for header in message.get_all(name, []):
        if header.defects:
            return None
        found += [address.addr_spec for address in header.addresses]
    return found


def _leaves(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that are not containers; an attached message is one part."""
    if part.get_content_maintype() != "multipart":
        yield part
    elif not part.is_multipart():
        raise ValueError("its boundary is not found")
    else:
        for inner in part.iter_parts():
            assert isinstance(inner, EmailMessage)
            yield from _leaves(inner)


def _sorted(parts: list[EmailMessage]) -> tuple[str | None, str | None, list[File] | None]:
    """The first text and the first HTML that are not files; all else is files."""
    bodies: dict[str, str | None] = {}
    files: list[File] = []
    for part in parts:
        kind = part.get_content_type()
        is_file = part.get_content_disposition() == "attachment" or part.get_filename() is not None
        if kind in ("text/plain", "text/html") and kind not in bodies and not is_file:
            bodies[kind] = _tried(lambda part=part: _text(part))  # type: ignore[misc]
        else:
            files.append(File(_name(part), kind, _content(part)))
    return bodies.get("text/plain"), bodies.get("text/html"), files


def _text(part: EmailMessage) -> str | None:
    text = part.get_content()
    return None if part.defects or "\ufffd" in text else str(text)


def _name(part: EmailMessage) -> str | None:
    headers = [part[name] for name in ("content-type", "content-disposition") if part[name] is not None]
    return None if any(header.defects for header in headers) else part.get_filename()


def _content(part: EmailMessage) -> bytes:
    """The content as it was before it was encoded; what is a message, or a list of fields, is written out anew."""
    if part.is_multipart():
        return b"".join(inner.as_bytes() for inner in part.iter_parts())
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def same_text(one: str, other: str) -> bool:
    """Whether two texts say the same: line ends, spaces at line ends and characters that XML has not do not count."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    text = re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffd\ufffe\uffff\ud800-\udfff]",
        "",
        text.replace("\r\n", "\n").replace("\r", "\n"),
    )
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()
