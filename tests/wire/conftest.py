"""What the wire tests share: recorded answers as files, and Microsoft's schema where it is at hand."""

from pathlib import Path

import pytest
from lxml import etree

SCHEMA_FOLDER = Path(__file__).parents[3] / "shared" / "ews-schema"


@pytest.fixture(scope="session")
def schema() -> etree.XMLSchema:
    if not SCHEMA_FOLDER.is_dir():
        pytest.skip(f"Microsoft's schema is not at {SCHEMA_FOLDER}")
    return etree.XMLSchema(etree.parse(SCHEMA_FOLDER / "Messages.xsd"))
