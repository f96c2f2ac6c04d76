"""What can be read of a token and of `x-ms-diagnostics`, however they are written; nothing that comes may be an error."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.ews.diagnostics import Family, read
from shared.adapters.ews.token_checks import check_audience, read_claims, why_refused
from shared.errors import Reconfigure

ONLINE = "https://outlook.office365.com/.default"
NOW = datetime.now(UTC)
TENANT, OTHER_TENANT = "0a000000-0000-0000-0000-00000000000b", "0c000000-0000-0000-0000-00000000000d"
EXCHANGE_APPLICATION = "00000002-0000-0ff1-ce00-000000000000"


def token(claims: Any) -> str:
    return f"e30.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


@pytest.mark.parametrize(
    ("header", "family", "reason"),
    [
        (
            '2000002;reason="The token has expired.";error_category="token_expired"',
            Family.EXPIRED,
            "The token has expired.",
        ),
        ('2000003;reason="Wrong."error_type="invalid_resource"', Family.AUDIENCE, "Wrong."),
        ('2000000; reason = "Signature"', Family.SIGNATURE, "Signature"),
        ("2000008;reason=scope;error_category=invalid_grant", Family.GRANT, "scope"),
        ('reason="No number";error_category="invalid_tenant"', Family.TENANT, "No number"),
        ('4000000;reason="Another service";error_category="invalid_user"', Family.USER, "Another service"),
        ('2000099;reason="Never heard of"', None, "Never heard of"),
        ('2000001;reason="cut off', Family.TOKEN, "cut off"),
        ("", None, ""),
    ],
)
def test_diagnostics_are_read_however_they_are_written(header: str, family: Family | None, reason: str) -> None:
    found = read(header)
    assert (found.family, found.reason) == (family, reason)


@given(st.text())
def test_no_header_makes_an_error(header: str) -> None:
    assert read(header).family in (None, *Family)


@given(st.text())
def test_no_token_makes_an_error(text: str) -> None:
    read_claims(text)
    read_claims(f"a.{text}.c")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_no_claims_make_an_error_but_the_named_one(claims: Any) -> None:
    read_claims(token(claims))
    found = read_claims(token({"roles": claims, "aud": claims, "exp": claims, "tid": claims}))
    assert found is not None
    why_refused(found, TENANT, NOW)


@pytest.mark.parametrize("opaque", ["opaque", "a.b", "a.b.c.d", "a.!.c", token([]), token("text"), ""])
def test_nothing_is_held_against_a_token_that_cannot_be_read(opaque: str) -> None:
    check_audience(opaque, ONLINE)
    assert read_claims(opaque) is None


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        ("https://outlook.office365.com", ONLINE),
        ("https://outlook.office365.com/", ONLINE),
        ("https://outlook.office.com", ONLINE),
        (EXCHANGE_APPLICATION, ONLINE),
        (f"{EXCHANGE_APPLICATION}/outlook.office365.com@tenant", ONLINE),
        (["https://other.example", EXCHANGE_APPLICATION.upper()], ONLINE),
        ("https://partner.outlook.cn", f"{EXCHANGE_APPLICATION}/.default"),
        ("https://mail.contoso.example", "https://mail.contoso.example/.default"),
        ("https://anything.example", "ews"),
        (None, ONLINE),
        (7, ONLINE),
    ],
)
def test_any_name_of_the_resource_that_was_asked_for_is_its_audience(audience: Any, scope: str) -> None:
    check_audience(token({"aud": audience}), scope)


@pytest.mark.parametrize(
    ("audience", "scope"),
    [
        ("https://graph.microsoft.com", ONLINE),
        ("00000003-0000-0000-c000-000000000000", ONLINE),
        ("https://outlook.office365.com.charlie.example", ONLINE),
        ("https://outlook.office365.com", "https://mail.contoso.example/.default"),
    ],
)
def test_a_token_for_another_resource_is_refused(audience: str, scope: str) -> None:
    with pytest.raises(Reconfigure, match="token-audience-wrong"):
        check_audience(token({"aud": audience}), scope)


GOOD = {"roles": ["Mail.Read", "full_access_as_app"], "exp": NOW.timestamp() + 60, "tid": TENANT.upper(), "appid": "c"}


@pytest.mark.parametrize(
    ("claims", "tenant_id", "refused"),
    [
        (GOOD, TENANT, None),
        (GOOD, "", None),
        (GOOD, "contoso.onmicrosoft.com", None),
        (GOOD | {"tid": None}, TENANT, None),
        (GOOD | {"exp": None}, TENANT, None),
        (GOOD | {"exp": NOW.timestamp()}, TENANT, "token-expired: the token has expired"),
        (GOOD | {"tid": OTHER_TENANT}, TENANT, f"token-tenant-wrong: the token is of the tenant {OTHER_TENANT}"),
        (GOOD | {"roles": []}, TENANT, "consent-missing: the token of the client c has no roles"),
        (GOOD | {"roles": None, "appid": None}, TENANT, "consent-missing: the token of the client has no roles"),
        (
            GOOD | {"roles": ["Mail.Read"]},
            TENANT,
            "token-role-missing: the token of the client c has the roles Mail.Read",
        ),
    ],
)
def test_a_refused_token_tells_what_is_wrong_with_it(claims: Any, tenant_id: str, refused: str | None) -> None:
    known = read_claims(token(claims))
    assert known is not None
    found = why_refused(known, tenant_id, NOW)
    assert str(found).startswith(refused) if refused else found is None
