"""The contract of `Secrets`: memory, environment variables, and Key Vault's client against a vault over real HTTPS."""

import asyncio
import stat
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.memory.secrets import MemorySecrets
from shared.adapters.secrets import KEEP, LARGEST, EnvironmentSecrets, KeyVaultSecrets
from shared.errors import Invalid, Reconfigure, SyncError, Transient
from shared.ports import Secrets
from tests.contracts.key_vault import Identity, Served, served_vault


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture
async def vault() -> AsyncGenerator[Served]:
    async with served_vault() as served:
        yield served


def _secrets(served: Served, *, identity: Identity | None = None, clock: Clock | None = None) -> KeyVaultSecrets:
    _, url, transport = served
    return KeyVaultSecrets(
        url,
        identity or Identity(),
        clock=clock or Clock(),
        transport=transport,
        retry_backoff_factor=0,
    )


@pytest.fixture(params=["memory", "environment", "vault"])
def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> Secrets:
    if request.param == "memory":
        return MemorySecrets({"default-username": "alice"})
    if request.param == "environment":
        return EnvironmentSecrets({"EXSYNC_SECRET_DEFAULT_USERNAME": "alice"}, tmp_path / "secrets")
    served: Served = request.getfixturevalue("vault")
    served[0].values["default-username"] = "alice"
    return _secrets(served)


async def test_a_secret_is_found_by_name(secrets: Secrets) -> None:
    assert await secrets.get("default-username") == "alice"


async def test_a_secret_that_is_not_there_is_none(secrets: Secrets) -> None:
    assert await secrets.get("default-password") is None


async def test_a_secret_that_is_set_is_found_whole_and_can_be_set_again(secrets: Secrets) -> None:
    for value in ("-----BEGIN …\nzwei\n", "another"):
        await secrets.set("exchange-trust", value)
        assert await secrets.get("exchange-trust") == value
        assert await secrets.get("exchange-trust", fresh=True) == value
    assert await secrets.get("default-username") == "alice"


async def test_a_secret_set_at_run_time_is_found_after_a_restart_and_by_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    await EnvironmentSecrets({}, folder).set("exchange-trust", "kept")
    assert await EnvironmentSecrets({}, folder).get("exchange-trust") == "kept"
    assert [path.name for path in folder.iterdir()] == ["exchange-trust"]
    assert (stat.S_IMODE((folder / "exchange-trust").stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (
        0o600,
        0o700,
    )


@pytest.mark.parametrize("environ", [{}, {"EXSYNC_SECRET_EXCHANGE_TRUST": "mine"}])
async def test_where_a_set_secret_could_not_count_it_is_refused(environ: dict[str, str], tmp_path: Path) -> None:
    secrets = EnvironmentSecrets(environ, tmp_path if environ else None)
    with pytest.raises(Reconfigure, match="EXSYNC_") as refused:
        await secrets.set("exchange-trust", "value")
    assert refused.value.code == "secret-not-writable"


async def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Reconfigure, match="EXSYNC_SECRETS_FOLDER") as refused:
        await EnvironmentSecrets({}, tmp_path / "file").set("exchange-trust", "value")
    assert refused.value.code == "secret-not-writable"


async def test_who_will_change_a_secret_reads_it_fresh_from_the_vault(vault: Served) -> None:
    vault[0].values["exchange-trust"] = "old"
    secrets = _secrets(vault)
    await secrets.get("exchange-trust")
    vault[0].values["exchange-trust"] = "of another process"
    assert await secrets.get("exchange-trust", fresh=True) == "of another process"
    assert await secrets.get("exchange-trust") == "of another process"


async def test_what_a_server_refused_is_read_fresh_through_all_that_is_kept(vault: Served) -> None:
    vault[0].values["exchange-trust"] = "old"
    cached = CachedSecrets(_secrets(vault), lambda: datetime.now(UTC))
    assert await cached.get("exchange-trust") == "old"
    vault[0].values["exchange-trust"] = "of another process"
    assert await cached.get("exchange-trust") == "old"
    cached.forget("exchange-trust")
    assert await cached.get("exchange-trust") == "of another process"


async def test_what_the_vault_cannot_hold_is_refused_before_it_is_sent(vault: Served) -> None:
    secrets = _secrets(vault)
    await secrets.set("exchange-trust", "x" * LARGEST)
    with pytest.raises(Invalid) as refused:
        await secrets.set("exchange-trust", "x" * LARGEST + "y")
    assert refused.value.code == "secret-too-large"
    assert vault[0].values["exchange-trust"] == "x" * LARGEST


async def test_a_vault_that_lets_nobody_write_names_the_role(vault: Served) -> None:
    vault[0].refusal = 403, "Forbidden", ""
    with pytest.raises(Reconfigure, match="Key Vault Secrets Officer") as denied:
        await _secrets(vault).set("exchange-trust", "value")
    assert denied.value.code == "vault-denied"


async def test_an_empty_variable_is_no_secret() -> None:
    assert await EnvironmentSecrets({"EXSYNC_SECRET_LISTENER_KEY": ""}).get("listener-key") is None


async def test_the_vault_is_not_asked_again_for_a_while(vault: Served) -> None:
    vault[0].values["listener-key"] = "old"
    clock = Clock()
    secrets = _secrets(vault, clock=clock)
    assert await secrets.get("listener-key") == "old"
    vault[0].values["listener-key"] = "new"
    clock.now += KEEP.total_seconds() - 1
    assert (await secrets.get("listener-key"), vault[0].reads) == ("old", 1)
    clock.now += 1
    assert (await secrets.get("listener-key"), vault[0].reads) == ("new", 2)


async def test_a_secret_that_is_added_is_found_at_once(vault: Served) -> None:
    secrets = _secrets(vault)
    assert await secrets.get("default-password") is None
    vault[0].values["default-password"] = "hush"
    assert await secrets.get("default-password") == "hush"


@pytest.mark.parametrize(
    ("refusal", "error", "code"),
    [
        ((403, "Forbidden", "ForbiddenByRbac"), Reconfigure, "vault-denied"),
        ((403, "Forbidden", "SecretDisabled"), Reconfigure, "secret-disabled"),
        ((403, "Forbidden", ""), Reconfigure, "vault-denied"),
        ((503, "ServiceUnavailable", ""), Transient, "vault-unavailable"),
        ((400, "BadParameter", ""), Transient, "vault-unavailable"),
    ],
)
async def test_a_vault_that_refuses_has_a_name(
    vault: Served, refusal: tuple[int, str, str], error: type[SyncError], code: str
) -> None:
    vault[0].refusal = refusal
    with pytest.raises(error) as refused:
        await _secrets(vault).get("listener-key")
    assert refused.value.code == code


async def test_the_identity_is_asked_for_what_the_challenge_names_and_only_once(vault: Served) -> None:
    vault[0].values |= {"listener-key": "a", "default-password": "b"}
    identity = Identity()
    secrets = _secrets(vault, identity=identity)
    assert (await secrets.get("listener-key"), await secrets.get("default-password")) == ("a", "b")
    assert identity.asked == [("https://vault.azure.net/.default", "the-tenant")]
    assert (vault[0].challenged, vault[0].reads) == (1, 2)


async def test_a_server_that_asks_for_the_token_of_another_service_gets_none(vault: Served) -> None:
    vault[0].resource = "https://management.azure.com"
    identity = Identity()
    with pytest.raises(Reconfigure, match=r"vault-denied: secret listener-key: .* no Key Vault"):
        await _secrets(vault, identity=identity).get("listener-key")
    assert identity.asked == []


async def test_without_an_identity_the_vault_is_denied(vault: Served) -> None:
    with pytest.raises(Reconfigure) as denied:
        await _secrets(vault, identity=Identity(works=False)).get("listener-key")
    assert denied.value.code == "vault-denied"


async def test_a_vault_that_cannot_be_reached_is_unavailable() -> None:
    probe = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = probe.sockets[0].getsockname()[1]
    probe.close()
    secrets = KeyVaultSecrets(
        f"https://127.0.0.1:{port}",
        Identity(),
        retry_backoff_factor=0,
    )
    with pytest.raises(Transient) as unreachable:
        await secrets.get("listener-key")
    assert unreachable.value.code == "vault-unavailable"
    await secrets.close()
