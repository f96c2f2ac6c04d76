from pathlib import Path

import pytest

from devtools.azurite import Azurite
from tests.devtools.functions_host.sample import SampleApp


@pytest.fixture
def app(azurite: Azurite, tmp_path: Path) -> SampleApp:
    return SampleApp(tmp_path / "app", azurite.connection_string)
