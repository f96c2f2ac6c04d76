"""The warning before a certificate expires, for everything that tells how a connection does."""

from shared.model.trust import expiring_words, is_expiring
from shared.ports import World

WARNING = "certificate-expiring"


def expiring(world: World, connection: str) -> list[str]:
    """In words, the certificates that a connection depends on and that expire within 30 days, or have expired."""
    now = world.now()
    found = world.exchange.certificates(connection)
    return [expiring_words(each, now) for each in found if is_expiring(each.not_after, now)]
