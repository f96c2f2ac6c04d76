"""What a version of the schema does not know is refused when it is asked for by that version."""

import pytest

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.gaps import known_gaps
from tests.devtools.exchange_simulator.talk import IDS, INBOX, Talk

MAXIMUM = IDS.replace("</m:ItemShape>", "<t:MaximumBodySize>10</t:MaximumBodySize></m:ItemShape>")
PREVIEW = IDS.replace(
    "</m:ItemShape>",
    '<t:AdditionalProperties><t:FieldURI FieldURI="item:Preview"/></t:AdditionalProperties></m:ItemShape>',
)
ARCHIVE = '<t:DistinguishedFolderId Id="archivemsgfolderroot"/>'


def find(shape: str, folder: str = INBOX) -> str:
    return f'<m:FindItem Traversal="Shallow">{shape}<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindItem>'


@pytest.mark.parametrize(
    ("body", "refused", "taken"),
    [
        (find(MAXIMUM), "Exchange2010_SP2", "Exchange2013"),
        (find(PREVIEW), "Exchange2010_SP2", "Exchange2013"),
        (find(IDS, ARCHIVE), "Exchange2010", "Exchange2010_SP1"),
    ],
)
async def test_what_is_newer_than_the_request_is_refused(
    exchange: ExchangeSimulator, talk: Talk, body: str, refused: str, taken: str
) -> None:
    assert (await talk.but(version=refused).ask(body)).fault == "ErrorIncorrectSchemaVersion"
    assert (await talk.but(version=taken).ask(body)).http.status_code == 200


def test_a_gap_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="there are is_greater_than_or_equal"):
        known_gaps(["teeth"])
