"""Whom the command trusts on its way to the app: the system's authorities, and those of a file. Verification is never off."""

import ssl
from collections.abc import Mapping
from pathlib import Path

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""As other tools call such a file. The first, and SSL_CERT_DIR, OpenSSL itself reads in place of the system's."""


def trusted(ca: Path | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """A context that verifies certificate and host name. `ca` is PEM; without it, what the environment names.

    Raises ValueError for a file that cannot be read or holds no certificates.
    """
    context = ssl.create_default_context()
    files = [str(ca)] if ca else [environ[name] for name in _BUNDLES if environ.get(name)]
    if files:
        # Quirk: authorities that companies made themselves often lack what Python asks for since 3.13 (see
        # shared/adapters/ews/trust.py); signatures, times, names and who may issue are verified all the same.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for file in files:
        try:
            context.load_verify_locations(cafile=file)
        except OSError as wrong:  # ssl.SSLError is one too
            raise ValueError(f"{file}: {wrong.strerror or wrong}; give a file with certificates in PEM") from None
    return context
