"""The simulator against the project's documents: the vectors, the schema's codes and the mail corpus."""

import re
from pathlib import Path

import pytest
from lxml import etree

from devtools.exchange_simulator import ExchangeSimulator
from devtools.exchange_simulator.operations import OPERATIONS
from devtools.exchange_simulator.parsing import read_message
from tests.devtools.exchange_simulator.talk import ALICE, SHARED, T, Talk, item_shape

VECTORS = SHARED / "ews-vectors"
CORPUS = SHARED / "corpus" / "mail"
SOURCE = Path(__file__).resolve().parents[3] / "devtools" / "exchange_simulator"


def body_of(path: Path) -> str:
    root = etree.parse(str(path)).getroot()
    return etree.tostring(root[-1][0], encoding="unicode")


@pytest.mark.skipif(not VECTORS.is_dir(), reason="../shared/ews-vectors is not there")
@pytest.mark.parametrize("path", sorted((VECTORS / "valid").glob("*.xml")), ids=lambda path: path.stem)
async def test_valid_requests_are_understood(talk: Talk, path: Path) -> None:
    operation = etree.parse(str(path)).getroot()[-1][0].tag.partition("}")[2]
    answer = await talk.ask(body_of(path))
    if operation in OPERATIONS:
        assert answer.http.status_code == 200
        assert all(answer.codes)
    else:
        assert answer.fault == "ErrorInvalidRequest"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="../shared/ews-vectors is not there")
@pytest.mark.parametrize("path", sorted((VECTORS / "invalid").glob("*.xml")), ids=lambda path: path.stem)
async def test_invalid_requests_are_refused(talk: Talk, schema: etree.XMLSchema, path: Path) -> None:
    expected = "ErrorInvalidRequest" if path.stem.startswith("SendNotification") else "ErrorSchemaValidation"
    assert (await talk.ask(body_of(path))).fault == expected


def test_every_code_that_the_simulator_gives_is_one_of_the_schema() -> None:
    messages = SHARED / "ews-schema" / "Messages.xsd"
    if not messages.is_file():
        pytest.skip("../shared/ews-schema is not there")
    known = set(re.findall(r'enumeration value="(Error\w+)"', messages.read_text(encoding="utf-8")))
    used = {code for path in SOURCE.rglob("*.py") for code in re.findall(r'"(Error[A-Z]\w+)"', path.read_text())}
    of_autodiscover = {"ErrorCode", "ErrorMessage"}  # fields of its JSON answers, not codes
    assert used - known == of_autodiscover


async def test_the_whole_corpus_can_be_delivered_and_read(
    exchange: ExchangeSimulator, talk: Talk, schema: etree.XMLSchema
) -> None:
    if not CORPUS.is_dir():
        pytest.skip("../shared/corpus is not there")
    paths = sorted(CORPUS.glob("*.eml"))
    items = [exchange.deliver(ALICE, path.read_bytes()) for path in paths]
    more = "<t:IncludeMimeContent>true</t:IncludeMimeContent>"
    for kind in ("Best", "HTML", "Text"):
        shape = item_shape("item:TextBody", "item:UniqueBody", more=f"{more}<t:BodyType>{kind}</t:BodyType>")
        answer = await talk.get_item(*items, shape=shape)
        assert answer.codes == ["NoError"] * len(paths)
    files = "".join(f'<t:AttachmentId Id="{one}"/>' for one in answer.ids(T + "AttachmentId"))
    shape = f"<m:AttachmentShape>{more}</m:AttachmentShape>"
    contents = await talk.ask(f"<m:GetAttachment>{shape}<m:AttachmentIds>{files}</m:AttachmentIds></m:GetAttachment>")
    assert set(contents.codes) == {"NoError"}
    assert (
        len((await talk.find(shape=item_shape())).ids())
        == len((await talk.sync(shape=item_shape())).ids())
        == len(paths)
    )


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00\xff" * 50, b"Subject: =?utf-8?B?//?=\r\n\r\n", b":\r\n:\r\n", b"From: <<>>@,;\r\nDate: x\r\n\r\n"],
)
def test_any_bytes_are_a_message(raw: bytes) -> None:
    read_message(raw)


def test_a_corpus_cut_anywhere_is_still_a_message() -> None:
    for path in sorted(CORPUS.glob("*.eml")):
        raw = path.read_bytes()
        for cut in range(0, min(len(raw), 4000), 397):
            read_message(raw[:cut])
