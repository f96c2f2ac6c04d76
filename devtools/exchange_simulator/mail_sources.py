"""Messages from a Maildir, an mbox or a folder of .eml files, as bytes exactly as they are there."""

import re
from collections.abc import Iterator
from pathlib import Path

_FROM_LINE = re.compile(rb"^From .*\r?\n", re.MULTILINE)


def messages(path: Path) -> Iterator[bytes]:
    """Give every message. Raises FileNotFoundError for a path that is not there."""
    if path.is_file():
        raw = path.read_bytes()
        yield from _of_mbox(raw) if raw.startswith(b"From ") else (raw,)
    elif (path / "cur").is_dir():
        for one in sorted([*(path / "cur").iterdir(), *(path / "new").glob("*")]):
            yield one.read_bytes()
    elif path.is_dir():
        for one in sorted(path.rglob("*.eml")):
            yield one.read_bytes()
    else:
        raise FileNotFoundError(path)


def _of_mbox(raw: bytes) -> Iterator[bytes]:
    """Split at From lines that begin the file or follow an empty line; quoted ones lose one `>`."""
    starts = [found for found in _FROM_LINE.finditer(raw) if _begins(raw, found.start())]
    ends = [*(found.start() for found in starts[1:]), len(raw)]
    for found, end in zip(starts, ends, strict=True):
        yield re.sub(rb"^>(>*From )", rb"\1", raw[found.end() : end], flags=re.MULTILINE)


def _begins(raw: bytes, at: int) -> bool:
    return at == 0 or raw[max(0, at - 4) : at].endswith((b"\n\n", b"\r\n\r\n"))
