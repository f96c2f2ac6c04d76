"""Whom we trust on the wire: the system's authorities and, beside them, the private ones of the secret `exchange-trust`.

Certificate and host name are always verified; nothing here, and no setting, can switch that off.
"""

import ssl

from shared.errors import Reconfigure
from shared.model.trust import TRUST_SECRET, is_empty


def trust(private_authorities: str | None) -> ssl.SSLContext:
    """A context that verifies certificate and host name. `private_authorities` is PEM text.

    A server's own certificate in it is trusted as it stands, without its issuer (partial chain).
    """
    context = ssl.create_default_context()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if private_authorities and not is_empty(private_authorities):
        # Quirk: authorities that companies made themselves often lack what RFC 5280 asks of a public one (key usage,
        # key identifiers), which Python refuses since 3.13. To try strictly first would refuse the same certificate twice
        # and decide nothing: signatures, times, names and who may issue are verified all the same.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            context.load_verify_locations(cadata=private_authorities)
        except (ssl.SSLError, ValueError) as wrong:
            raise Reconfigure("trust-invalid", f"the secret {TRUST_SECRET} is no PEM bundle: {wrong}") from None
    return context
