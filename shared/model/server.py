"""Which Exchange answers: its build, the product that the build belongs to, and what was learned of its gaps. PROTOCOL 1.1."""

from dataclasses import dataclass

# The first of these that is not newer than the build is its product.
_PRODUCTS: tuple[tuple[tuple[int, int, int], str], ...] = (
    ((15, 20, 0), "Exchange365"),
    ((15, 2, 2562), "ExchangeSE"),
    ((15, 2, 0), "Exchange2019"),
    ((15, 1, 0), "Exchange2016"),
    ((15, 0, 0), "Exchange2013"),
    ((14, 0, 0), "Exchange2010"),
    ((8, 0, 0), "Exchange2007"),
)


@dataclass(frozen=True, slots=True)
class Build:
    """A server's build number, as its answers tell it."""

    major: int
    minor: int
    number: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.number}"

    @property
    def product(self) -> str:
        """The product in the words of the setting `connections.<name>.version`; empty for what is no build of Exchange."""
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
