"""Every answer tells which server gave it."""

import pytest

from shared.model.server import Build, Server
from shared.wire.ews.server_version import read_build

HEADER = (
    '<s:Envelope><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507" '
    'MinorBuildNumber="61" Version="V2017_07_11" xmlns:h="urn:x"/></s:Header><s:Body/></s:Envelope>'
)


@pytest.mark.parametrize(
    ("answer", "build"),
    [
        (HEADER, Build(15, 1, 2507)),
        (HEADER.replace("h:", ""), Build(15, 1, 2507)),
        (HEADER.replace('"', "'"), Build(15, 1, 2507)),
        (HEADER.replace('MinorVersion="1" MajorBuildNumber="2507" ', ""), Build(15, 0, 0)),
        ("<s:Envelope><s:Body/></s:Envelope>", None),
        ("<s:Envelope><s:Header><h:ServerVersionInfo/></s:Header></s:Envelope>", None),
        ('<h:ServerVersionInfo MajorVersion="many"/>', None),
        ("x" * 5000 + HEADER, None),
        ("", None),
    ],
)
def test_the_build_is_read_where_an_answer_tells_it(answer: str, build: Build | None) -> None:
    assert read_build(answer.encode()) == build


@pytest.mark.parametrize(
    ("build", "product"),
    [
        (Build(8, 3, 83), ""),
        (Build(14, 3, 513), "Exchange2010"),
        (Build(15, 0, 847), "Exchange2013"),
        (Build(15, 1, 2507), "Exchange2016"),
        (Build(15, 2, 1748), "Exchange2019"),
        (Build(15, 2, 2562), "ExchangeSE"),
        (Build(15, 20, 9343), "Exchange365"),
        (Build(6, 5, 0), ""),
        (Build(16, 1, 0), ""),
    ],
)
def test_a_build_belongs_to_a_product(build: Build, product: str) -> None:
    assert build.product == product


def test_a_server_is_named_for_people() -> None:
    assert str(Server(Build(15, 1, 2507))) == "server 15.1.2507 (Exchange2016)"
    assert str(Server()) == "server of unknown build"
