"""Who calls, by the header that App Service Authentication sets."""

import base64
import json

import pytest

from shared.model.caller import Caller, Role
from shared.model.client_principal import read_principal

ROLE_URI = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
MAIL_URI = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


def header(*claims: tuple[str, str]) -> str:
    listed = [{"typ": name, "val": value} for name, value in claims]
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": listed}).encode()).decode()


def test_a_person_is_named_by_the_sign_in_name() -> None:
    caller = read_principal(header(("preferred_username", "bob@contoso.example"), ("azp", "11"), ("roles", "reader")))
    assert caller == Caller("bob@contoso.example", frozenset({Role.READER}))


def test_a_program_is_named_by_its_client_id() -> None:
    caller = read_principal(header(("azp", "11-22"), ("roles", "application")))
    assert caller == Caller("application 11-22", frozenset({Role.APPLICATION}))


def test_claims_that_the_platform_renamed_are_known_too() -> None:
    caller = read_principal(header((MAIL_URI, "bob@contoso.example"), (ROLE_URI, "sales_ops")))
    assert caller == Caller("bob@contoso.example", frozenset({Role.SALES_OPS}))


@pytest.mark.parametrize("role", ["Administrator", "admin", "", "reader administrator", "application :alice"])
def test_a_role_that_is_not_exactly_ours_is_none(role: str) -> None:
    assert read_principal(header(("roles", role))).roles == set()


def test_several_operators_add_up() -> None:
    caller = read_principal(header(("roles", "application:alice"), ("roles", "application:bob")))
    assert caller.roles == {Role.APPLICATION}
    assert caller.operators == frozenset({"alice", "bob"})
    assert caller.may_see(frozenset({Role.APPLICATION}), "alice")
    assert not caller.may_see(frozenset({Role.APPLICATION}), "charlie")
    assert not caller.may_see(frozenset({Role.APPLICATION}), None)


def test_a_name_cannot_write_lines_of_its_own_into_the_audit() -> None:
    assert read_principal(header(("preferred_username", "bob\r\nadmin\x1b[2J"))).name == "bobadmin[2J"
