"""Which Exchange answers: its build, the product that the build belongs to, and what was learned of its gaps. PROTOCOL 1.1."""

from dataclasses import dataclass

EWS_RETIREMENT = "blocks EWS by default since 2026-10-01 and ends it on 2027-04-01"
"""What Exchange Online does. PROTOCOL 16."""
NO_HIERARCHY = "this server has no folder hierarchy sync: all folders are listed at each sync"
# The first of these that is not newer than the build is its product.
# https://learn.microsoft.com/exchange/new-features/build-numbers-and-release-dates
_PRODUCTS: tuple[tuple[tuple[int, int, int], str], ...] = (
    ((15, 20, 0), "Exchange365"),
    ((15, 2, 2562), "ExchangeSE"),
    ((15, 2, 0), "Exchange2019"),
    ((15, 1, 0), "Exchange2016"),
    ((15, 0, 0), "Exchange2013"),
    ((14, 0, 0), "Exchange2010"),
)

_FEWEST_PARTS = 2
_NEWEST_MAJOR = 15


@dataclass(frozen=True, slots=True)
class Build:
    """A server's build number, as its answers tell it."""

    major: int
    minor: int
    number: int

    @classmethod
    def of(cls, text: str) -> "Build | None":
        """The build of `15.1.2507.61`; None for what is none."""
        parts = text.split(".")[:3]
        if len(parts) < _FEWEST_PARTS or not all(part.isdecimal() for part in parts):
            return None
        major, minor, number = (*map(int, parts), 0)[:3]
        return cls(major, minor, number)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.number}"

    @property
    def product(self) -> str:
        """The product in the words of the setting `connections.<name>.version`; empty for a build of none of them."""
        if self.major > _NEWEST_MAJOR:
            return ""
        mine = (self.major, self.minor, self.number)
        return next((product for first, product in _PRODUCTS if mine >= first), "")


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of the server behind a mailbox. `build` is None until it has answered.

    `notes` say in plain words what is unusual: a setting that does not fit it, or a plainer way that a gap forces.
    """

    build: Build | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.build is None:
            return "server of unknown build"
        return f"server {self.build}" + (f" ({self.build.product})" if self.build.product else "")
