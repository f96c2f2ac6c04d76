"""The caller as App Service Authentication names it: the header `X-MS-CLIENT-PRINCIPAL`, base64 of JSON with claims.

https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
"""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from shared.errors import Invalid
from shared.model.caller import Caller, Role

_ENTRA = "aad"
# The platform renames some claims of a token on their way into the header.
_ROLES = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_PEOPLE = (
    "preferred_username",
    "upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
_PROGRAMS = ("azp", "appid")
_OBJECTS = ("oid", "http://schemas.microsoft.com/identity/claims/objectidentifier")
_LIMITED = f"{Role.APPLICATION}:"
_LONGEST_NAME = 200


def read_principal(header: str) -> Caller:
    """The caller that the header names, with those of its app roles that are ours.

    `application:OPERATOR` is the role `application` for one operator; several add up, and `application` beside them is
    for all. Raises Invalid("sign-in-required") where there is no header, or it names nobody that Entra ID signed in.
    """
    claims = list(_claims(header))
    values = [value for name, value in claims if name in _ROLES]
    roles = {Role(value) for value in values if value in frozenset(Role)}
    operators = frozenset(value.removeprefix(_LIMITED) for value in values if value.startswith(_LIMITED))
    is_for_all = Role.APPLICATION in roles or not operators
    if operators:
        roles.add(Role.APPLICATION)
    return Caller(_name(claims), frozenset(roles), None if is_for_all else operators)


def _claims(header: str) -> Iterator[tuple[str, str]]:
    try:
        principal: Any = json.loads(base64.b64decode(header + "=" * (-len(header) % 4), validate=True))
        if principal["auth_typ"] != _ENTRA:
            raise Invalid("sign-in-required", "sign in with Microsoft Entra ID")
        for claim in principal["claims"]:
            yield str(claim["typ"]), str(claim["val"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise Invalid("sign-in-required", "send a token of Microsoft Entra ID for this app") from error


def _name(claims: list[tuple[str, str]]) -> str:
    """A person's sign-in name, a program's client id, or else whatever tells them apart."""
    known = dict(reversed(claims))
    person = next((known[name] for name in _PEOPLE if known.get(name)), "")
    program = next((f"application {known[name]}" for name in _PROGRAMS if known.get(name)), "")
    thing = next((known[name] for name in _OBJECTS if known.get(name)), "somebody")
    return "".join(each for each in person or program or thing if each.isprintable())[:_LONGEST_NAME]
