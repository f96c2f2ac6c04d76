"""The twin of `shared/adapters/certificates.py`: files are read for real, what servers offer is told by a test."""

from shared.adapters.certificate_files import read_certificates
from shared.errors import Transient
from shared.model.trust import Bundle, Offer


class MemoryCertificates:
    """The port `Certificates`. `offers` are by host and port."""

    def __init__(self) -> None:
        self.offers: dict[tuple[str, int], Offer] = {}

    async def read(self, content: bytes, password: str) -> Bundle:
        """See the port."""
        return read_certificates(content, password)

    async def offered(self, host: str, port: int, trusted: str) -> Offer:
        """See the port. An offer counts as trusted once any of its certificates is."""
        if (host, port) not in self.offers:
            raise Transient("connection-refused", f"{host}: nothing listens there")
        offer = self.offers[host, port]
        if any(each.pem in trusted for each in offer.chain):
            return Offer(offer.chain, "", "")
        return offer
