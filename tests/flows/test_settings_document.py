"""The settings document in storage: versioned, all or nothing, and no way to walk a secret out."""

from typing import Any

import pytest

from shared.adapters.memory.secrets import MemorySecrets
from shared.errors import Invalid, Reconfigure
from shared.flows.settings_document import ANY_VERSION, KEY, PARTITION, TABLE, patch_settings, read_settings
from shared.ports import Upsert
from tests.flows.office import Office

URL = "https://mail.contoso.example/EWS/Exchange.asmx"
ELSEWHERE = "https://charlie.example/EWS/Exchange.asmx"


def to(url: str, **more: Any) -> dict[str, Any]:
    return {"connections": {"default": {"url": url, **more}}}


async def test_where_nothing_was_set_the_defaults_hold_and_have_a_version() -> None:
    configuration, version = await read_settings(Office().rows)
    assert not configuration.email.enabled
    assert version


async def test_a_patch_changes_what_it_names_and_the_version() -> None:
    office = Office()
    world = office.world()
    _, version = await read_settings(office.rows)
    changed = await patch_settings(world, {"email": {"enabled": True}}, version=version)
    await patch_settings(world, {"email": {"sync_from_days": 7}}, version=changed.version)
    configuration, _ = await read_settings(office.rows)
    assert changed.configuration.email.enabled
    assert (configuration.email.enabled, configuration.email.sync_from_days) == (True, 7)


async def test_a_patch_for_an_old_version_is_refused() -> None:
    world = Office().world()
    _, version = await read_settings(world.rows)
    await patch_settings(world, {"email": {"enabled": True}}, version=version)
    with pytest.raises(Invalid, match="precondition-failed"):
        await patch_settings(world, {"email": {"enabled": False}}, version=version)


async def test_null_takes_a_setting_back_to_its_default() -> None:
    world = Office().world()
    await patch_settings(world, {"email": {"sync_from_days": 7}}, version=ANY_VERSION)
    changed = await patch_settings(world, {"email": {"sync_from_days": None}}, version=ANY_VERSION)
    assert changed.configuration.email.sync_from_days == 3


async def test_of_a_patch_with_a_mistake_nothing_is_taken() -> None:
    world = Office().world()
    with pytest.raises(Invalid, match=r"email\.on_leave"):
        await patch_settings(world, {"email": {"enabled": True, "on_leave": "burn"}}, version=ANY_VERSION)
    assert not (await read_settings(world.rows))[0].email.enabled


async def test_a_dry_run_checks_and_writes_nothing() -> None:
    world = Office().world()
    changed = await patch_settings(world, {"email": {"enabled": True}}, version=ANY_VERSION, dry_run=True)
    configuration, version = await read_settings(world.rows)
    assert (changed.configuration.email.enabled, configuration.email.enabled) == (True, False)
    assert changed.version != version


async def test_a_document_of_another_version_stops_the_flows_and_can_be_mended() -> None:
    world = Office().world()
    values = {"document": '{"email": {"colour": "red"}}', "hosts": "{}"}
    await world.rows.transact(TABLE, PARTITION, [Upsert(KEY, values)])
    with pytest.raises(Reconfigure, match="setting-invalid"):
        await read_settings(world.rows)
    await patch_settings(world, {"email": {"colour": None}}, version=ANY_VERSION)
    assert (await read_settings(world.rows))[0].email.enabled is False


async def test_the_first_host_of_a_secret_is_taken_on_trust() -> None:
    changed = await patch_settings(Office().world(), to(URL), version=ANY_VERSION)
    assert changed.configuration.connections["default"].url == URL


async def test_another_host_needs_the_secret_anew() -> None:
    world = Office().world()
    await patch_settings(world, to(URL), version=ANY_VERSION)
    for wrong in ("", "guess"):
        with pytest.raises(Invalid, match="secret-not-confirmed"):
            await patch_settings(world, to(ELSEWHERE), version=ANY_VERSION, secret=wrong)
    changed = await patch_settings(world, to(ELSEWHERE), version=ANY_VERSION, secret="x")
    assert changed.configuration.connections["default"].url == ELSEWHERE


async def test_a_host_that_was_confirmed_once_is_trusted() -> None:
    world = Office().world()
    await patch_settings(world, to(URL), version=ANY_VERSION)
    await patch_settings(world, to(ELSEWHERE), version=ANY_VERSION, secret="x")
    changed = await patch_settings(world, to(URL), version=ANY_VERSION)
    assert changed.configuration.connections["default"].url == URL


async def test_removing_a_connection_does_not_make_its_secret_free() -> None:
    world = Office().world()
    await patch_settings(world, to(URL), version=ANY_VERSION)
    await patch_settings(world, {"connections": {"default": None}}, version=ANY_VERSION)
    with pytest.raises(Invalid, match="secret-not-confirmed"):
        await patch_settings(world, to(ELSEWHERE), version=ANY_VERSION)


async def test_a_detour_over_another_authentication_does_not_free_the_password() -> None:
    world = Office().world()
    await patch_settings(world, to(URL), version=ANY_VERSION)
    oauth = {"client_id": "1", "token_endpoint": "https://charlie.example/token"}
    online = to("https://outlook.office365.com/EWS/Exchange.asmx", version="Exchange365", oauth=oauth)
    await patch_settings(world, online, version=ANY_VERSION)
    with pytest.raises(Invalid, match="secret-not-confirmed"):
        await patch_settings(world, to(ELSEWHERE, version="Exchange2016"), version=ANY_VERSION)


async def test_another_mail_server_needs_the_secret_of_its_sign_in_anew() -> None:
    office = Office()
    office.secrets = MemorySecrets({"alerts-smtp-password": "y"})
    world = office.world()
    await patch_settings(world, {"alerts": {"smtp_url": "smtp://mail.contoso.example:587"}}, version=ANY_VERSION)
    await patch_settings(world, {"alerts": {"smtp_url": "smtps://mail.contoso.example"}}, version=ANY_VERSION)
    elsewhere = {"alerts": {"smtp_url": "smtp://charlie.example:587"}}
    with pytest.raises(Invalid, match=r"alerts\.smtp_url: this would send the secret alerts-smtp-password"):
        await patch_settings(world, elsewhere, version=ANY_VERSION)
    changed = await patch_settings(world, elsewhere, version=ANY_VERSION, secret="y")
    assert changed.configuration.alerts.smtp_url == "smtp://charlie.example:587"
