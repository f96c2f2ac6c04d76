"""ServerVersionInfo: the build that every answer's header tells, whatever the operation. PROTOCOL 1 and 1.1.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/serverversioninfo
"""

import re

from shared.model.server import Build

_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?ServerVersionInfo\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"(MajorVersion|MinorVersion|MajorBuildNumber)\s*=\s*[\"'](\d{1,6})[\"']")
_HEADER_WITHIN = 4096


def read_build(beginning: bytes) -> Build | None:
    """The build told in the first bytes of an answer; None where they do not tell it.

    Quirk: the attribute `Version` may hold internal names (V2017_07_11), so it is not read.
    """
    found = _ELEMENT.search(beginning[:_HEADER_WITHIN])
    if found is None:
        return None
    numbers = {name: int(value) for name, value in _ATTRIBUTE.findall(found[1])}
    if b"MajorVersion" not in numbers:
        return None
    return Build(numbers[b"MajorVersion"], numbers.get(b"MinorVersion", 0), numbers.get(b"MajorBuildNumber", 0))
