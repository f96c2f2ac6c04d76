"""Microsoft's clouds: where tokens come from, what they are for, and where Exchange Online is. PROTOCOL 3.

https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
https://learn.microsoft.com/microsoft-365/enterprise/microsoft-365-u-s-government-dod-endpoints
"""

from collections.abc import Mapping
from dataclasses import dataclass

EXCHANGE_APPLICATION = "00000002-0000-0ff1-ce00-000000000000"
"""The application id of Exchange Online, the same in all clouds: a token's audience may be it or the resource's URL."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """`authority` issues the tokens, `resource` is what they are asked for, `hosts` is where EWS is."""

    authority: str
    resource: str
    hosts: tuple[str, ...]

    @property
    def scope(self) -> str:
        """What client credentials ask for: all that the application was granted."""
        return f"{self.resource}/.default"

    @property
    def url(self) -> str:
        """The EWS endpoint."""
        return f"https://{self.hosts[0]}/EWS/Exchange.asmx"

    def token_endpoint(self, tenant_id: str) -> str:
        """Where the tenant's tokens come from.

        https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
        """
        return f"{self.authority}/{tenant_id}/oauth2/v2.0/token"


CLOUDS: Mapping[str, Cloud] = {
    "public": Cloud(
        "https://login.microsoftonline.com",
        "https://outlook.office365.com",
        ("outlook.office365.com", "outlook.office.com"),
    ),
    "us_government": Cloud(
        "https://login.microsoftonline.us", "https://outlook.office365.us", ("outlook.office365.us",)
    ),
    "us_dod": Cloud(
        "https://login.microsoftonline.us",
        "https://outlook-dod.office365.us",
        ("outlook-dod.office365.us", "webmail.apps.mil"),
    ),
    "china": Cloud("https://login.partner.microsoftonline.cn", "https://partner.outlook.cn", ("partner.outlook.cn",)),
}


def cloud_of(host: str) -> str | None:
    """The name of the cloud whose Exchange Online has this host; None for an Exchange of one's own."""
    return next((name for name, cloud in CLOUDS.items() if host.lower() in cloud.hosts), None)
