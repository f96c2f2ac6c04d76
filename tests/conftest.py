"""What several tests share: one Azurite for the whole run, in memory, on free ports."""

import signal
from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio
from hypothesis import settings

from devtools.azurite import Azurite
from shared.adapters.storage import StorageAccount
from shared.settings import StorageSettings

# How long an example takes is the machine's affair: no test fails for that.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell that starts the run in the background has SIGINT ignored, and so would have each command that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def azurite() -> Generator[Azurite]:
    with Azurite() as running:
        yield running


@pytest_asyncio.fixture(scope="session")
async def storage_account(azurite: Azurite) -> AsyncGenerator[StorageAccount]:
    """The run's storage account; tests keep apart by partition, container or name."""
    account = StorageAccount(StorageSettings(connection_string=azurite.connection_string))
    yield account
    await account.close()
