"""Access tokens as Entra ID issues them, and Exchange's judgement of each: who it speaks for, or why not (PROTOCOL 2, 3).

Tokens are JWT. Beside those issued here, tokens of other issuers are taken whose keys were told with `trust`.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import jwt

RESOURCE = "00000002-0000-0ff1-ce00-000000000000"
ROLE = "full_access_as_app"
ISSUER = "https://sts.simulator.example/"
TENANT = "7e9a0000-0000-0000-0000-00000000c0de"
LIFETIME = 3599
_ONLINE = "https://outlook.office365.com"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a token is not taken, as `x-ms-diagnostics` says it."""

    number: int
    reason: str
    category: str

    def header(self) -> str:
        """The header's value."""
        return f'{self.number};reason="{self.reason}";error_category="{self.category}"'


_SIGNATURE = Refused(2000000, "The signature of the token is not valid.", "invalid_signature")
_TOKEN = Refused(2000001, "The token is not valid.", "invalid_token")
_EXPIRED = Refused(2000002, "The token has expired.", "token_expired")
_AUDIENCE = Refused(2000003, "The audience claim value in the token is invalid.", "invalid_resource")
_TENANT = Refused(2000004, "The tenant of the token is not known here.", "invalid_tenant")
_CLIENT = Refused(2000006, "The client identified in the token is not allowed.", "invalid_client")
_GRANT = Refused(2000008, "The token contains not enough scope to make this call.", "invalid_grant")


@dataclass(slots=True)
class Tokens:
    """What is granted to whom. `roles` of a client are those that an administrator has consented to."""

    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rbac: set[str] = field(default_factory=set)
    """Clients with the role `Application EWS.AccessAsApp`, which no token shows (PROTOCOL 17.7)."""
    blocked: set[str] = field(default_factory=set)
    audiences: set[str] = field(default_factory=lambda: {RESOURCE, _ONLINE})
    tenant: str = TENANT
    requests: int = 0
    """How often a token was asked for at the token endpoint."""
    refusal: tuple[int, str] | None = None
    """AADSTS number and text that every request for a token is answered with."""
    _key: bytes = field(default_factory=lambda: token_bytes(32))
    _valid: set[str] = field(default_factory=set)
    _issuers: dict[str, jwt.PyJWKSet] = field(default_factory=dict)

    def issue(self, client: str, *, audience: str = _ONLINE, lifetime: int = LIFETIME, tenant: str = TENANT) -> str:
        """Issue a token; the claims are those of Entra's version 1.0 tokens."""
        now = int(time.time())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": audience, "appid": client, "tid": tenant, "uti": str(uuid4())}
        claims |= {"iat": now, "nbf": now, "exp": now + lifetime}
        roles = self.roles.get(client, (ROLE,))
        token = jwt.encode(claims | ({"roles": list(roles)} if roles else {}), self._key, algorithm="HS256")
        self._valid.add(token)
        return token

    def expire_all(self) -> None:
        """Make every token that was issued so far expired."""
        self._valid.clear()

    def trust(self, issuer: str, keys: Mapping[str, Any]) -> None:
        """Take tokens of this issuer, signed with one of these keys (RFC 7517, 5)."""
        self._issuers[issuer] = jwt.PyJWKSet.from_dict(dict(keys))

    def judge(self, token: str) -> str | Refused:
        """The client that a token speaks for, or why it is refused."""
        try:
            claims = self._verified(token)
        except jwt.ExpiredSignatureError:
            return _EXPIRED
        except jwt.InvalidSignatureError:
            return _SIGNATURE
        except (jwt.InvalidTokenError, KeyError):
            return _TOKEN
        own = claims["iss"] == ISSUER
        if own and token not in self._valid:
            return _EXPIRED
        return self._judged(claims, str(claims["appid"] if own else claims["client_id"]), own=own)

    def _verified(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
        options: Any = {"verify_aud": False, "require": ["exp", "iss", "aud"]}
        if issuer == ISSUER:
            return jwt.decode(token, self._key, algorithms=["HS256"], options=options)
        key = self._issuers[issuer][header["kid"]]
        return jwt.decode(token, key, algorithms=[header["alg"]], options=options)

    def _judged(self, claims: Mapping[str, Any], client: str, *, own: bool) -> str | Refused:
        if claims["aud"] not in self.audiences:
            return _AUDIENCE
        if own and claims["tid"] != self.tenant:
            return _TENANT
        if client in self.blocked:
            return _CLIENT
        granted = ROLE in claims.get("roles", ()) or client in self.rbac
        return client if granted else _GRANT
