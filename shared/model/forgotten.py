"""People who are forgotten: known by fingerprints of their addresses alone, which keep their mail out and name nobody.

A fingerprint cannot be read; but who has the list and guesses an address can try whether it is one of these.
"""

from dataclasses import dataclass

from shared.model.keys import hashed
from shared.model.people import compared


def fingerprint(address: str) -> str:
    """What stands for an address, however it is written."""
    return hashed(compared(address))


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The fingerprints as they were after so many changes of the list; 0: nobody was ever forgotten."""

    number: int = 0
    fingerprints: frozenset[str] = frozenset()
