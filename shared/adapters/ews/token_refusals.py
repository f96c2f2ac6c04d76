"""Why a token endpoint gave no token: its error answer as an error that says what to do. No I/O.

Quirk: Entra ID says `invalid_client` for ten different reasons; which one it was, only its AADSTS number tells. The numbers
"are subject to change", so an unknown one is still `token-refused`, with Entra's own words.
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.errors import Reconfigure, SyncError, Transient

_AADSTS: Mapping[str, Iterable[int]] = {
    "client-secret-expired": (7000222,),
    # 7000215 wrong secret, 7000216 and 7000218 none that was understood
    "client-secret-wrong": (7000215, 7000216, 7000218),
    # 50012 and 50013 assertion not accepted, 700021 for another client, 700023 other audience, 700024 outside its time,
    # 700025 public client, 700027 signature or certificate unknown, 7000214 certificate not in the registration
    "client-certificate-invalid": (50012, 50013, 700021, 700023, 700024, 700027, 7000214),
    # 1000502 the certificate is outside its time
    "client-certificate-expired": (1000502,),
    # 70001 and 700016 no such application in the tenant
    "client-unknown": (70001, 700016),
    # 7000112 the application is disabled
    "client-blocked": (7000112,),
    # 90002 no such tenant, 900021 and 900023 no possible name of one, 50059 and 50194 none named (`common`)
    "tenant-unknown": (90002, 900021, 900023, 50059, 50194),
    # 90038, 90043, 90051, 900382, 900432, 900439 tenant or application live in another national cloud
    "cloud-wrong": (90038, 90043, 90051, 900382, 900432, 900439),
    # 65001, 650051 not consented, 7000229 no service principal in the tenant, 650056 and 650057 not asked for, 90093, 90094
    "consent-missing": (65001, 650051, 650056, 650057, 7000229, 90093, 90094),
    # 50001, 500011 no such resource in the tenant, 500014 disabled, 650052 not subscribed to, 70011 and 1002012 no such scope
    "token-resource-unknown": (50001, 500011, 500014, 650052, 70011, 1002012),
    # 53003 blocked by a policy, 53000 to 53011 a policy's particular demand, 50097 and 50158 a device or a step that is missing
    "conditional-access": (50097, 50158, *range(53000, 53012)),
}
_CODES = {number: code for code, numbers in _AADSTS.items() for number in numbers}
_PASSING = frozenset({50196, 90020, 90024, 90033, 90055})
_ERRORS = {"invalid_target": "token-resource-unknown", "invalid_scope": "token-resource-unknown"}
_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})
_IN_TEXT = re.compile(r"AADSTS(\d+)")
_LONGEST = 800


def refusal(answer: Mapping[str, Any], endpoint: str) -> SyncError:
    """The error for an answer without a token. RFC 6749, 5.2; RFC 8707, 2."""
    error, text = str(answer.get("error", "no token")), str(answer.get("error_description", ""))
    detail = f"{endpoint}: {error} {text}"[:_LONGEST].strip()
    numbers = _numbers(answer, text)
    if error in _PASSING_ERRORS or not _PASSING.isdisjoint(numbers):
        return Transient("token-unavailable", detail)
    named = next((_CODES[number] for number in numbers if number in _CODES), None)
    return Reconfigure(named or _ERRORS.get(error, "token-refused"), detail)


def _numbers(answer: Mapping[str, Any], text: str) -> list[int]:
    listed = answer.get("error_codes")
    numbers = [each for each in listed if isinstance(each, int)] if isinstance(listed, list) else []
    return numbers + [int(each) for each in _IN_TEXT.findall(text[:_LONGEST])]
