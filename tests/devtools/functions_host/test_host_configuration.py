"""What stops the local host from starting, told so that a person can mend it; and what is put back afterwards."""

from __future__ import annotations

import json
import os
import sys

import pytest

from devtools.functions_host import ConfigurationError, FunctionsHost
from tests.devtools.functions_host.sample import SampleApp


async def test_a_missing_setting_is_named_with_the_function_that_needs_it(app: SampleApp) -> None:
    del app.settings["TICK_SCHEDULE"]
    with pytest.raises(ConfigurationError, match="tick needs the setting TICK_SCHEDULE"):
        await app.running().__aenter__()


async def test_a_wrong_schedule_is_named(app: SampleApp) -> None:
    app.settings["TICK_SCHEDULE"] = "0 99 * * * *"
    with pytest.raises(ConfigurationError, match=r"tick: the schedule '0 99.* is wrong: minute: '99'"):
        await app.running().__aenter__()


async def test_a_missing_connection_is_named(app: SampleApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AzureWebJobsStorage", raising=False)
    del app.settings["AzureWebJobsStorage"]
    with pytest.raises(ConfigurationError, match="work needs the storage connection AzureWebJobsStorage"):
        await app.running().__aenter__()
    app.settings["AzureWebJobsStorage__queueServiceUri"] = "https://account.queue.core.windows.net"
    with pytest.raises(ConfigurationError, match="works in Azure only"):
        await app.running().__aenter__()


async def test_a_wrong_connection_is_named_without_its_key(app: SampleApp) -> None:
    app.settings["AzureWebJobsStorage"] = "AccountKey=s3cr3t"
    with pytest.raises(ConfigurationError, match="work: the storage connection is wrong") as raised:
        await app.running().__aenter__()
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"batchSize": 33}, "batchSize is 33"),
        ({"messageEncoding": "rot13"}, "messageEncoding is 'rot13'"),
        ({"maxPollingInterval": "two"}, "'two' is not a duration"),
    ],
)
async def test_a_wrong_option_in_host_json_is_named(app: SampleApp, options: dict[str, object], reason: str) -> None:
    app.change_queue_options(**options)
    with pytest.raises(ConfigurationError, match=reason):
        await app.running().__aenter__()


async def test_a_folder_without_an_app_is_told_so(app: SampleApp) -> None:
    (app.root / "function_app.py").unlink()
    with pytest.raises(ConfigurationError, match="not a Python Functions app"):
        await app.running().__aenter__()
    (app.root / "host.json").unlink()
    with pytest.raises(ConfigurationError, match=r"host\.json is missing"):
        await app.running().__aenter__()


async def test_an_output_binding_is_refused_by_name(app: SampleApp) -> None:
    (app.root / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.route(route='x')\n"
        "@app.queue_output(arg_name='out', queue_name='q', connection='AzureWebJobsStorage')\n"
        "def both(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse: ...\n"
    )
    with pytest.raises(ConfigurationError, match=r"both: bindings of type \['queue'\] are not supported locally"):
        await app.running().__aenter__()


async def test_one_process_runs_one_app(app: SampleApp) -> None:
    async with app.running():
        with pytest.raises(ConfigurationError, match="This process already runs the app"):
            await FunctionsHost(app.root, settings=app.settings).start()
        assert (await app.request("GET", "/api/text"))[0] == 200


async def test_settings_come_from_the_caller_then_the_environment_then_the_file(
    app: SampleApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"FROM_ALL": "file", "FROM_TWO": "file", "FROM_ONE": "file"}
    (app.root / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    monkeypatch.setenv("FROM_ALL", "environment")
    monkeypatch.setenv("FROM_TWO", "environment")
    app.settings["FROM_ALL"] = "caller"
    async with app.running():
        assert [os.environ[name] for name in values] == ["caller", "environment", "file"]
    assert [os.environ.get(name) for name in values] == ["environment", "environment", None]


async def test_the_process_is_left_as_it_was(app: SampleApp) -> None:
    before = (dict(os.environ), list(sys.path), sys.modules.get("function_app"))
    async with app.running():
        assert sys.path[-1] == str(app.root)
    assert (dict(os.environ), list(sys.path), sys.modules.get("function_app")) == before


async def test_the_same_app_can_be_started_again(app: SampleApp) -> None:
    for number in (1, 2):
        async with app.running() as host:
            await host.run_timer("tick")
            assert len(await app.calls("tick")) == number
