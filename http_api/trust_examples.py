"""Examples of the trust routes, for their description: a private authority and a server with a certificate of it."""

from typing import Any

PEM = (
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBKzCB0qADAgECAgEBMAoGCCqGSM49BAMCMBUxEzARBgNVBAMMCkNvbnRvc28g\n"
    "Q0EwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAVMRMwEQYDVQQDDApD\n"
    "b250b3NvIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEE+ok+NaQihrGNSE\n"
    "Eb2tG1kjZj0N+RVPL1ob/c3C61LvisFHlhw3BfC1GoAqfnZvExHfFwUTxKS8UqrW\n"
    "7Hg8WKMTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBSpSAv\n"
    "JAZa9z0mxbqs0ZRoIzoBjzhxjotdhp/3L6mrhQIhAJ3xwdwVCKCwANPJoPrEo6Sd\n"
    "Q6iirxAzMEfTrT4K6X+Z\n"
    "-----END CERTIFICATE-----\n"
)
CERTIFICATE: dict[str, Any] = {
    "subject": "CN=Contoso CA",
    "issuer": "CN=Contoso CA",
    "names": [],
    "sha256": "a51af8d77782c4b6fbb1714ab4a1479ac7813ab1be6167156d8706c2d76c3019",
    "sha1": "5ce3e30fb19dd95a15ab43aecb7f5bb146180c7d",
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2036-01-01T00:00:00Z",
    "days_left": 3328,
    "is_authority": True,
    "pem": PEM,
    "warning": None,
}
TRUST = {"items": [CERTIFICATE]}
TRUST_ADDED = {"added": [CERTIFICATE], "known": []}
FETCHED = {
    "host": "mail.contoso.example",
    "port": 443,
    "trusted": True,
    "failure": None,
    "topmost": CERTIFICATE["sha256"],
    "certificates": [CERTIFICATE],
}
