"""Why a token endpoint gave no token: its error answer as an error that says what to do. No I/O.

Quirk: Entra ID says `invalid_client` for ten different reasons; which one it was, only its AADSTS number tells. The numbers
"are subject to change", so an unknown one is still `token-refused`, with Entra's own words.
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import re
from collections.abc import Mapping
from typing import Any

from shared.errors import SyncError
from shared.model.failures import error_class
from shared.model.foreign_codes import AADSTS

_CODES = {number: code for code, numbers in AADSTS.items() for number in numbers}
_PASSING = "token-unavailable"
_ERRORS = {"invalid_target": "token-resource-unknown", "invalid_scope": "token-resource-unknown"}
_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})
_IN_TEXT = re.compile(r"AADSTS(\d+)")
_LONGEST = 800
_IDS = ("trace_id", "correlation_id")


def refusal(answer: Mapping[str, Any], endpoint: str) -> SyncError:
    """The error for an answer without a token. RFC 6749, 5.2; RFC 8707, 2."""
    error, text = str(answer.get("error", "no token")), str(answer.get("error_description", ""))
    detail = f"{endpoint}: {error} {text}"[:_LONGEST].strip()
    numbers = _numbers(answer, text)
    named = [_CODES[number] for number in numbers if number in _CODES]
    code = next(iter(named), _ERRORS.get(error, "token-refused"))
    if error in _PASSING_ERRORS or _PASSING in named:
        code = _PASSING
    return error_class(code)(code, detail, request_id=_request_id(answer))


def _request_id(answer: Mapping[str, Any]) -> str:
    """Under which ids Entra ID's sign-in logs have it."""
    known = [f"{name}={answer[name]}" for name in _IDS if isinstance(answer.get(name), str)]
    return " ".join([str(answer.get("timestamp", "")), *known]).strip()[:_LONGEST] if known else ""


def _numbers(answer: Mapping[str, Any], text: str) -> list[int]:
    listed = answer.get("error_codes")
    numbers = [each for each in listed if isinstance(each, int)] if isinstance(listed, list) else []
    return numbers + [int(each) for each in _IN_TEXT.findall(text[:_LONGEST])]
