"""The local host as a process: how it starts, how it ends, and what a crash leaves behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devtools.functions_host import ConfigurationError, HostKeys, HostProcess
from tests.devtools.functions_host.sample import SampleApp


async def test_it_is_ready_when_it_says_so_and_ends_well_when_asked(app: SampleApp) -> None:
    async with app.running_apart() as host:
        assert (await app.request("GET", "/api/text")) == (200, b"only text")
        await app.send(token="apart")
        await host.wait_idle()
        assert len(await app.calls("apart")) == 1
        await host.run_timer("tick")
        assert len(await app.calls("tick")) == 1
        assert await host.stop() == 0
        assert "text (GET /api/text)" in host.log
        assert "Traceback" not in host.log


async def test_a_killed_host_loses_no_message(app: SampleApp) -> None:
    await app.send("wait", token="survivor")
    async with app.running_apart("--lease", "1") as host:
        await app.calls("survivor", at_least=1)
        await host.kill()
    async with app.running_apart("--lease", "1"):
        (call,) = await app.calls("survivor", at_least=1)
        assert call["attempt"] == 2
        await app.open_gate("survivor")


async def test_the_keys_file_is_made_once_and_only_for_its_owner(app: SampleApp, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "functions.json"
    async with app.running_apart("--keys", str(path)):
        keys = HostKeys.read_or_create(path)
        assert path.stat().st_mode & 0o077 == 0
        assert (await app.request("GET", "/api/for_friends"))[0] == 401
        assert (await app.request("GET", f"/api/for_friends?code={keys.function}"))[0] == 200


async def test_a_port_in_use_is_named(app: SampleApp) -> None:
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 cannot be used"):
            await HostProcess(app.root, port=port, settings=app.settings).start()


async def test_a_broken_app_is_shown_with_its_reason(app: SampleApp) -> None:
    (app.root / "function_app.py").write_text("import a_module_that_is_not_there\n")
    with pytest.raises(ConfigurationError, match="No module named 'a_module_that_is_not_there'"):
        await HostProcess(app.root, settings=app.settings).start()
