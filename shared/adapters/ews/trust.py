"""Whom we trust on the wire: the system's authorities and, beside them, the private ones of the secret `exchange-trust`."""

import ssl

from shared.errors import Reconfigure

TRUST_SECRET = "exchange-trust"


def trust(private_authorities: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name. `private_authorities` is PEM text."""
    context = ssl.create_default_context()
    if private_authorities:
        try:
            context.load_verify_locations(cadata=private_authorities)
        except (ssl.SSLError, ValueError) as wrong:
            raise Reconfigure("trust-invalid", f"the secret {TRUST_SECRET} is no PEM bundle: {wrong}") from None
    return context
