"""RequestServerVersion values, their order, and which of them each product understands (PROTOCOL 1.1)."""

from dataclasses import dataclass

_ORDER = (
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2009",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2012",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
    "V2015_10_05",
    "V2016_01_06",
    "V2016_04_13",
    "V2016_07_13",
    "V2016_10_10",
    "V2017_01_07",
    "V2017_04_14",
    "V2017_07_11",
)
_RANK = {name: rank for rank, name in enumerate(_ORDER)}
OLDEST = _ORDER[0]


@dataclass(frozen=True, slots=True)
class Product:
    """A simulated server: the newest version it understands and the build that it reports."""

    newest: str
    build: tuple[int, int, int, int]
    reported: str


PRODUCTS = {
    "Exchange2010": Product("Exchange2010_SP2", (14, 3, 513, 0), "Exchange2010_SP2"),
    "Exchange2013": Product("Exchange2013_SP1", (15, 0, 1497, 48), "V2_23"),
    "Exchange2016": Product("Exchange2016", (15, 1, 2507, 61), "V2017_07_11"),
    "Exchange2019": Product("Exchange2016", (15, 2, 1748, 39), "V2017_07_11"),
    "ExchangeSE": Product("Exchange2016", (15, 2, 2562, 17), "V2017_07_11"),
    "Exchange365": Product("Exchange2016", (15, 20, 9343, 8), "V2018_01_08"),
}


def understands(product: Product, version: str) -> bool:
    """Whether the product accepts the version in a request header."""
    return version in _RANK and (_RANK[version] <= _RANK[product.newest] or product.newest == "Exchange2016")


def at_least(version: str, other: str) -> bool:
    """Whether `version` is `other` or newer."""
    return _RANK[version] >= _RANK[other]
