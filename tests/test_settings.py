"""Environment settings: what is read, what is refused, and that every one is in the table of the documentation."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from shared.errors import Invalid
from shared.settings import ENVIRONMENT, StorageSettings, read_settings

KEY = "DefaultEndpointsProtocol=https;AccountName=alice;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"
LOCAL = {"AzureWebJobsStorage": KEY}


class Recording(Mapping[str, str]):
    """An environment that remembers which names were looked up."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_by_name = values
        self.looked_up: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.looked_up.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


def test_a_connection_string_is_all_that_is_needed() -> None:
    settings = read_settings(LOCAL)
    assert settings.storage == StorageSettings(connection_string=KEY)
    assert (settings.vault_url, settings.time_budget, settings.log_level) == ("", timedelta(seconds=240), "INFO")
    assert settings.schedules == {
        "SCHEDULE_SUBSCRIPTIONS": "0 */5 * * * *",
        "SCHEDULE_EMAIL_SYNC": "0 * * * * *",
        "SCHEDULE_ALERTS": "0 */5 * * * *",
    }


def test_the_development_storage_has_a_short_name() -> None:
    settings = read_settings({"AzureWebJobsStorage": "UseDevelopmentStorage=true"})
    assert settings.storage.connection_string == "UseDevelopmentStorage=true"


def test_an_account_name_means_identity() -> None:
    settings = read_settings(
        {
            "AzureWebJobsStorage__accountName": "alice",
            "AzureWebJobsStorage__credential": "managedidentity",
            "AzureWebJobsStorage__clientId": "an-id",
        }
    )
    assert settings.storage == StorageSettings(
        table_url="https://alice.table.core.windows.net",
        blob_url="https://alice.blob.core.windows.net",
        queue_url="https://alice.queue.core.windows.net",
        managed_identity=True,
        client_id="an-id",
    )


def test_endpoints_may_be_given_one_by_one() -> None:
    uris = {f"AzureWebJobsStorage__{service}ServiceUri": f"https://{service}.local/" for service in ("blob", "queue")}
    settings = read_settings({"AzureWebJobsStorage__accountName": "alice", **uris})
    assert (settings.storage.table_url, settings.storage.blob_url, settings.storage.queue_url) == (
        "https://alice.table.core.windows.net",
        "https://blob.local",
        "https://queue.local",
    )


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "AzureWebJobsStorage"),
        ({"AzureWebJobsStorage": "AccountKey=c2VjcmV0"}, "AzureWebJobsStorage"),
        ({"AzureWebJobsStorage__tableServiceUri": "https://x"}, "AzureWebJobsStorage__accountName"),
        ({"AzureWebJobsStorage__accountName": "https://alice"}, "AzureWebJobsStorage__accountName"),
        (
            {"AzureWebJobsStorage__accountName": "alice", "AzureWebJobsStorage__credential": "password"},
            "AzureWebJobsStorage__credential",
        ),
        (
            {"AzureWebJobsStorage__accountName": "alice", "AzureWebJobsStorage__blobServiceUri": "http://x"},
            "AzureWebJobsStorage__blobServiceUri",
        ),
        (LOCAL | {"EXSYNC_VAULT_URL": "vault.example.com"}, "EXSYNC_VAULT_URL"),
        (LOCAL | {"EXSYNC_TIME_BUDGET_SECONDS": "four minutes"}, "EXSYNC_TIME_BUDGET_SECONDS"),
        (LOCAL | {"EXSYNC_TIME_BUDGET_SECONDS": "9"}, "EXSYNC_TIME_BUDGET_SECONDS"),
        (LOCAL | {"EXSYNC_LOG_LEVEL": "loud"}, "EXSYNC_LOG_LEVEL"),
        (LOCAL | {"SCHEDULE_EMAIL_SYNC": "* * * * *"}, "SCHEDULE_EMAIL_SYNC"),
        (LOCAL | {"SCHEDULE_SUBSCRIPTIONS": "every five minutes, at noon ;"}, "SCHEDULE_SUBSCRIPTIONS"),
    ],
)
def test_a_bad_value_names_the_setting_and_what_to_write(environ: dict[str, str], name: str) -> None:
    with pytest.raises(Invalid) as wrong:
        read_settings(environ)
    assert wrong.value.code == "setting-invalid"
    assert name in wrong.value.detail
    assert "write" in wrong.value.detail
    assert "c2VjcmV0" not in str(wrong.value)


def test_every_setting_that_is_read_is_documented_and_the_other_way_round() -> None:
    by_identity = Recording({"AzureWebJobsStorage__accountName": "alice"})
    read_settings(by_identity)
    assert by_identity.looked_up == {setting.name for setting in ENVIRONMENT}
    assert all(setting.meaning.endswith(".") for setting in ENVIRONMENT)
