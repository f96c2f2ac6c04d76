"""The failure registry: every code that can be met, what causes it, what mends it and who can do that. DESIGN 4.1.

docs/failures.md is written from it, and a test holds that each code raised anywhere is in it.
"""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Invalid, Permanent, Reconfigure, Resync, SyncError, Transient


class FailureClass(StrEnum):
    """What becomes of it: tried again; rebuilt; tried again once an administrator acted; recorded; answered; shown."""

    TRANSIENT = "transient"
    RESYNC = "resync"
    RECONFIGURE = "reconfigure"
    PERMANENT = "permanent"
    INPUT = "input"
    WARNING = "warning"


class Owner(StrEnum):
    """Who can do what the remedy says."""

    NOBODY = "nobody: it mends itself"
    OPERATOR = "operator"
    EXCHANGE = "Exchange administrator"
    CRM = "CRM administrator"
    AZURE = "Azure administrator"
    CALLER = "whoever calls the API"
    US = "us, the makers"


@dataclass(frozen=True, slots=True)
class Failure:
    """One entry. `cause` is one sentence; `remedy` names the exact command, setting or call."""

    code: str
    failure_class: FailureClass
    owner: Owner
    cause: str
    remedy: str

    @property
    def remedy_of_call(self) -> str:
        """The remedy where a call, or a command, ends with it: the sync tries again by itself, a call does not."""
        return self.remedy.replace(_WAIT, _REPEAT)

    @property
    def remedy_of_lasting(self) -> str:
        """The remedy of what has lasted, for an alert: that it may pass by itself is no help any more."""
        if not self.remedy.startswith(_WAIT):
            return self.remedy
        rest = self.remedy.removeprefix(_WAIT).strip().removeprefix("If it lasts, ")
        return f"{rest[:1].upper()}{rest[1:]} {_MEANWHILE}"


def failure(code: str) -> Failure:
    """The entry of a code; for one that is unknown (a newer worker wrote it) that of `internal-error`."""
    known = REGISTRY.get(code)
    if known:
        return known
    other = REGISTRY["internal-error"]
    return Failure(code, other.failure_class, other.owner, other.cause, other.remedy)


def remedy_on(remedy: str, connection: str) -> str:
    """A remedy with the connection's own name in it, so that its command can be run as it stands."""
    return remedy.replace("<name>", connection).replace("<connection>", connection) if connection else remedy


def error_class(code: str) -> type[SyncError]:
    """The class of error that a code of the registry is raised as."""
    return _ERRORS[REGISTRY[code].failure_class]


_ERRORS: dict[FailureClass, type[SyncError]] = {
    FailureClass.TRANSIENT: Transient,
    FailureClass.RESYNC: Resync,
    FailureClass.RECONFIGURE: Reconfigure,
    FailureClass.PERMANENT: Permanent,
    FailureClass.INPUT: Invalid,
}
_WAIT = "Nothing: it is tried again by itself, with pauses that grow to 15 minutes."
_MEANWHILE = "Meanwhile it is tried again by itself, every 15 minutes at least."
_REPEAT = "Try it again in a minute, as a sync does."
_REPORT = "Report it to us with the detail and the time; the rest goes on meanwhile."
_IF_IT_LASTS = " If it lasts, report it to us with the detail."
_IN_ENTRA = "Entra admin center > App registrations > the application"
_SET_SECRET = "`az keyvault secret set --vault-name <vault> --name <connection>-client-secret --value <secret>`"
_IN_OUTLOOK = "Open the item in Outlook; the others are not touched by it."

_TRANSIENT = (
    (
        "exchange-busy",
        Owner.EXCHANGE,
        "Exchange is too busy to answer: it is throttling us, or its web service is overloaded or down (HTTP 503).",
        _WAIT + " If it lasts with HTTP 503, look at the server first (`Test-ServiceHealth`, `Get-WebAppPoolState "
        "MSExchangeServicesAppPool`); else lower `connections.<name>.batch_size`, or raise `EwsMaxConcurrency` for the "
        "service account (`Set-ThrottlingPolicy`).",
    ),
    (
        "exchange-unavailable",
        Owner.EXCHANGE,
        "Exchange answers that it, or a part of it, is out of service.",
        _WAIT + " If it lasts, look at the mailbox database and at `Test-WebServicesConnectivity`.",
    ),
    (
        "exchange-internal-error",
        Owner.EXCHANGE,
        "Exchange met an error of its own.",
        _WAIT
        + " If it lasts for one mailbox, run `New-MailboxRepairRequest`; if for many, look into the server's event log "
        "(`MSExchange Web Services`).",
    ),
    (
        "exchange-timeout",
        Owner.EXCHANGE,
        "Exchange did not answer in time.",
        _WAIT + " If it lasts, look at the load of the Exchange server and at the network between.",
    ),
    (
        "exchange-unreachable",
        Owner.EXCHANGE,
        "No connection to Exchange could be made.",
        _WAIT + " Check the URL (`connections.<name>.url`) and the firewall between the app and Exchange (TCP 443).",
    ),
    (
        "connection-refused",
        Owner.EXCHANGE,
        "The Exchange host refuses connections on this port.",
        _WAIT + " Check the port in the URL (`connections.<name>.url`) and that IIS is running.",
    ),
    (
        "connection-lost",
        Owner.EXCHANGE,
        "The connection to Exchange broke off in the middle.",
        _WAIT
        + " If it lasts, look at what is between: a firewall, proxy or load balancer that ends connections, and at the "
        "IIS log of the Exchange server.",
    ),
    (
        "dns-failed",
        Owner.CRM,
        "The host name of Exchange cannot be resolved.",
        "Correct the host in the URL (`connections.<name>.url`), or give the app a DNS that knows it (virtual "
        "network, private DNS zone).",
    ),
    (
        "tls-failed",
        Owner.EXCHANGE,
        "An encrypted connection to Exchange could not be agreed on.",
        "Enable TLS 1.2 or later on the Exchange server or the proxy before it.",
    ),
    (
        "answer-truncated",
        Owner.CRM,
        "Exchange's answer broke off before its end.",
        _WAIT + " If it lasts, lower `connections.<name>.batch_size`: a proxy may limit answers.",
    ),
    (
        "answer-malformed",
        Owner.US,
        "Exchange's answer cannot be read as what was asked for.",
        _WAIT + _IF_IT_LASTS,
    ),
    (
        "exchange-routing-failed",
        Owner.NOBODY,
        "The Exchange server that we ask does not reach the one that has the mailbox.",
        _WAIT + " After the sixth time it is called `exchange-routing-broken`.",
    ),
    (
        "impersonation-failed",
        Owner.NOBODY,
        "Exchange could not act in the operator's name just now.",
        _WAIT + " After the third time it is called `impersonation-broken`.",
    ),
    (
        "exchange-inconsistent",
        Owner.EXCHANGE,
        "Exchange contradicts what it said before: an item or folder is there and not there.",
        _WAIT + " If it lasts, run `New-MailboxRepairRequest` for the mailbox.",
    ),
    (
        "mailbox-moving",
        Owner.EXCHANGE,
        "The mailbox is being moved to another server.",
        "Nothing: the sync goes on when the move is done, and finds all items again. If it lasts for more than a day, see how "
        "far the move is: `Get-MoveRequestStatistics <address>`.",
    ),
    (
        "sending-limited",
        Owner.EXCHANGE,
        "Exchange limits how much this mailbox may send just now.",
        _WAIT + " If it lasts, raise `MessageRateLimit` or `RecipientRateLimit` (`Set-ThrottlingPolicy`), on premises.",
    ),
    (
        "storage-unavailable",
        Owner.AZURE,
        "The app's storage account does not answer, or is being throttled.",
        _WAIT + " If it lasts, look at the storage account's metrics.",
    ),
    (
        "vault-unavailable",
        Owner.AZURE,
        "Key Vault does not answer.",
        _WAIT + " If it lasts, look at the vault's firewall and metrics.",
    ),
    (
        "token-unavailable",
        Owner.AZURE,
        "The token endpoint does not answer.",
        _WAIT + " If it lasts, see that the app may reach it (`https://login.microsoftonline.com`, or "
        "`connections.<name>.oauth.token_endpoint`; TCP 443), and what https://azure.status.microsoft says of Entra ID.",
    ),
    (
        "smtp-unreachable",
        Owner.CRM,
        "The mail server for alerts cannot be reached, or does not answer in time.",
        "Check the host and port in `alerts.smtp_url`, and the firewall between the app and it; `exsync alerts test` tries it.",
    ),
    (
        "smtp-busy",
        Owner.CRM,
        "The mail server for alerts does not take the mail just now.",
        "Nothing: it is tried again, at first every few minutes, later once an hour. If it lasts, show the server's own words, "
        "which are in the detail, to its administrator.",
    ),
    (
        "verification-busy",
        Owner.NOBODY,
        "As many operators of this connection are being verified as Exchange is to bear at once.",
        "Come again after the seconds of `Retry-After`; `exsync operators verify` does so by itself.",
    ),
)

_RESYNC = (
    (
        "sync-state-invalid",
        Owner.NOBODY,
        "Exchange does not know the stored sync state any more.",
        "Nothing: the folder is read anew and compared; nothing is doubled or lost." + _IF_IT_LASTS,
    ),
    (
        "folder-gone",
        Owner.NOBODY,
        "A watched folder was deleted or moved away.",
        "Nothing; if many items went with it, the brake holds them: see `brake-held`." + _IF_IT_LASTS,
    ),
    (
        "subscription-lost",
        Owner.NOBODY,
        "Exchange has dropped the push subscription.",
        "Nothing: it is made anew. If it recurs, see `push-not-arriving`.",
    ),
    (
        "watermark-invalid",
        Owner.NOBODY,
        "Exchange does not know the subscription's position any more.",
        "Nothing: the subscription is made anew and the mailbox synchronised." + _IF_IT_LASTS,
    ),
    (
        "item-changed",
        Owner.NOBODY,
        "The item was changed in Exchange at the same moment.",
        "Nothing: it is read again." + _IF_IT_LASTS,
    ),
)

_RECONFIGURE = (
    (
        "access-denied",
        Owner.EXCHANGE,
        "The service account may not do this in the mailbox.",
        "Give it the right to impersonate: `New-ManagementRoleAssignment -Role "
        "ApplicationImpersonation -User <account>` (on premises), or the EWS application role in "
        "Exchange Online.",
    ),
    (
        "impersonation-denied",
        Owner.EXCHANGE,
        "The service account may not impersonate this mailbox.",
        "`New-ManagementRoleAssignment -Name ExchangeCrmSync -Role ApplicationImpersonation -User "
        "<account>`, with a `-CustomRecipientWriteScope` that includes the mailbox; in Exchange "
        "Online assign `Application EWS.AccessAsApp`.",
    ),
    (
        "impersonation-broken",
        Owner.EXCHANGE,
        "Exchange fails each time to act in the operator's name, without saying that it may not.",
        "On the Exchange server look into the event log (`MSExchange Web Services`) and whether it reaches a domain "
        "controller (`nltest /dsgetdc:<domain>`), then `Restart-WebAppPool MSExchangeServicesAppPool`; look at the right "
        "with `Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers`.",
    ),
    (
        "exchange-routing-broken",
        Owner.EXCHANGE,
        "The Exchange server that we ask has not reached the one that has the mailbox for a while.",
        "`Test-ServiceHealth` and `Get-ServerComponentState <server>` on the mailbox's server (`Get-Mailbox <address> | fl "
        "ServerName`), and `Get-WebServicesVirtualDirectory | fl InternalUrl` for the way there; or name the connection "
        "of that server: `exsync operators set <operator> --connection <name>`.",
    ),
    (
        "mailbox-unknown",
        Owner.CRM,
        "Exchange knows no mailbox under this address.",
        "`exsync operators set <operator> --mailbox <address>`, or `--connection <name>` where the mailbox is on another.",
    ),
    (
        "mailbox-not-primary",
        Owner.CRM,
        "The address is an alias; Exchange wants the primary SMTP address.",
        "`exsync operators verify <operator> --fix` adopts the primary address, which the detail names; "
        "`exsync operators verify --all --fix` does so for all.",
    ),
    (
        "address-not-mailbox",
        Owner.CRM,
        "The address belongs to something else than a person's mailbox: a distribution list, a contact, a public folder "
        "or a group.",
        "Name a mailbox: `exsync operators set <operator> --mailbox <address>`; what several people share and is to be "
        "synchronised must be a shared mailbox (`Set-Mailbox <address> -Type Shared`).",
    ),
    (
        "mailbox-address-invalid",
        Owner.CRM,
        "Exchange does not accept the mailbox's address.",
        "Correct it: `exsync operators set <operator> --mailbox <address>`.",
    ),
    (
        "mailbox-misconfigured",
        Owner.EXCHANGE,
        "The mailbox is not set up properly in Exchange, or has no licence.",
        "Look at it with `Get-Mailbox <address> | Format-List`; in Exchange Online assign a licence.",
    ),
    (
        "account-disabled",
        Owner.EXCHANGE,
        "The account, the service account's or the mailbox's, is disabled, or its password has expired.",
        "Enable it (`Enable-ADAccount`) or renew the password; then put the new one into Key Vault as"
        " `<connection>-password`.",
    ),
    (
        "account-locked",
        Owner.EXCHANGE,
        "The service account is locked after failed attempts.",
        "`Unlock-ADAccount <account>`, and correct the secret `<connection>-password` first. Nothing is sent for the "
        "account meanwhile; after 15 minutes one request tries it again, a new password at once.",
    ),
    (
        "account-blocked",
        Owner.EXCHANGE,
        "Exchange blocks the service account from EWS.",
        "`Set-CASMailbox <account> -EwsEnabled $true`, and look at `EwsApplicationAccessPolicy`.",
    ),
    (
        "access-blocked",
        Owner.EXCHANGE,
        "A policy of Exchange, the proxy or Entra ID refuses the app (403).",
        "Allow the app: `Get-OrganizationConfig | fl Ews*`, `Get-CASMailbox <address> | fl Ews*`, "
        "conditional access, or the proxy's rules.",
    ),
    (
        "ews-blocked",
        Owner.EXCHANGE,
        "EWS is switched off for the organization, the mailbox or this app: Exchange Online blocks it by default since "
        "2026-10-01, and ends it on 2027-04-01.",
        'Until then `Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs "<client id>"` (it replaces the whole '
        "list, and takes up to 24 hours), and `Set-CASMailbox -Identity <mailbox> -EwsEnabled $true`.",
    ),
    (
        "organization-blocked",
        Owner.EXCHANGE,
        "The organisation in Exchange Online (the tenant) is marked for removal, and answers no application any more.",
        "See in the Microsoft 365 admin center whether its subscription is active (Billing > Your products), and renew it; if "
        "the mailboxes are elsewhere by now, name that connection: `exsync operators set <operator> --connection <name>`.",
    ),
    (
        "authentication-failed",
        Owner.CRM,
        "Exchange refuses the user name, the password or the token.",
        "Correct the secrets `<connection>-username` and `<connection>-password` in Key Vault; the "
        "detail names the schemes that the server offers for `connections.<name>.authentication`.",
    ),
    (
        "token-refused",
        Owner.CRM,
        "Entra ID, or the token endpoint, gives no token, for a reason that we have no name for.",
        "Look up the AADSTS number of the detail (`https://login.microsoftonline.com/error?code=<number>`), and check "
        "`connections.<name>.oauth.client_id`, `connections.<name>.oauth.tenant_id` and the secret "
        "`<connection>-client-secret`.",
    ),
    (
        "client-secret-expired",
        Owner.AZURE,
        "The client secret has expired.",
        f"Make a new one ({_IN_ENTRA} > Certificates & secrets, or `az ad app credential reset --id <client_id> "
        f"--append`), and put it into Key Vault: {_SET_SECRET}.",
    ),
    (
        "client-secret-wrong",
        Owner.CRM,
        "Entra ID does not know the client secret.",
        f"Put the secret's value, not its ID, into Key Vault: {_SET_SECRET}. If the value is lost, make a new one: "
        "`az ad app credential reset --id <client_id> --append`.",
    ),
    (
        "client-certificate-invalid",
        Owner.AZURE,
        "The client certificate cannot be used, or the application does not know it.",
        "Put PEM with its RSA private key, or PKCS#12 in base64 without a password, into the secret "
        f"`<connection>-client-certificate`, and its public part into {_IN_ENTRA} > Certificates & secrets (`az ad app "
        "credential reset --id <client_id> --append --cert @<certificate.pem>`). If the detail speaks of the time, "
        "set the clock of the machine.",
    ),
    (
        "client-certificate-expired",
        Owner.AZURE,
        "The client certificate has expired.",
        "Renew it in Key Vault (`az keyvault certificate create --vault-name <vault> --name "
        '<connection>-client-certificate --policy "$(az keyvault certificate get-default-policy)"`, or write the new one '
        f"into the secret `<connection>-client-certificate`), and add its public part in {_IN_ENTRA} > Certificates & secrets.",
    ),
    (
        "client-unknown",
        Owner.CRM,
        "The tenant has no application with this client ID.",
        "Correct `connections.<name>.oauth.client_id` (`az ad app list --display-name <name> --query [].appId`) or "
        "`connections.<name>.oauth.tenant_id`.",
    ),
    (
        "client-blocked",
        Owner.AZURE,
        "The application is disabled, or Exchange does not let it in.",
        "`az ad sp update --id <client_id> --set accountEnabled=true`; in Exchange Online add it to the list: "
        '`Set-OrganizationConfig -EwsEnabled $true -EwsAllowedAppIDs "<client_id>"` (replaces the whole list).',
    ),
    (
        "tenant-unknown",
        Owner.CRM,
        "Entra ID knows no such tenant.",
        "Correct `connections.<name>.oauth.tenant_id`: Entra admin center > Overview > Tenant ID, or `az account show "
        "--query tenantId`.",
    ),
    (
        "cloud-wrong",
        Owner.CRM,
        "The tenant or the application is in another national cloud.",
        "Set `connections.<name>.oauth.cloud` to the tenant's cloud, and `connections.<name>.url` to the Exchange of that cloud.",
    ),
    (
        "consent-missing",
        Owner.AZURE,
        "No administrator has consented to the application's permissions, or the consent was revoked.",
        f"{_IN_ENTRA} > API permissions > Grant admin consent (`az ad app permission admin-consent --id <client_id>`). Where "
        "the right comes from RBAC for Applications instead, look at the mailbox with `Test-ServicePrincipalAuthorization "
        "<client_id> -Resource <address>` and `Get-CASMailbox <address> | fl Ews*`.",
    ),
    (
        "token-role-missing",
        Owner.AZURE,
        "The token does not hold the permission `full_access_as_app`.",
        f"{_IN_ENTRA} > API permissions > Add > APIs my organization uses > Office 365 Exchange Online > Application "
        "permissions > full_access_as_app (`az ad app permission add --id <client_id> --api "
        "00000002-0000-0ff1-ce00-000000000000 --api-permissions dc890d15-9560-4a4c-9b7f-a736ec74ec40=Role`), then `az ad app "
        "permission admin-consent --id <client_id>`; or `New-ManagementRoleAssignment -App <client_id> -Role "
        '"Application EWS.AccessAsApp"`.',
    ),
    (
        "token-resource-unknown",
        Owner.CRM,
        "The tenant has no Exchange Online, or the scope names none.",
        "Take `connections.<name>.oauth.scope` out, so that it follows from the cloud; otherwise look for the service with `az "
        "ad sp show --id 00000002-0000-0ff1-ce00-000000000000`, and whether the tenant has a licence with Exchange Online.",
    ),
    (
        "conditional-access",
        Owner.AZURE,
        "A conditional access policy keeps the application from getting a token.",
        "Look at Entra admin center > Sign-in logs > Service principal sign-ins for the policy's name, and leave the application "
        "out of it, or let the app's outbound addresses in (Conditional Access > Named locations).",
    ),
    (
        "token-audience-wrong",
        Owner.CRM,
        "The token is for another resource than this Exchange.",
        "Take `connections.<name>.oauth.scope` and `connections.<name>.oauth.token_endpoint` out, so that they follow from "
        "`connections.<name>.oauth.cloud`.",
    ),
    (
        "token-tenant-wrong",
        Owner.CRM,
        "The token is of another tenant than the mailboxes.",
        "Set `connections.<name>.oauth.tenant_id` to the tenant of the mailboxes (Entra admin center > Overview > Tenant ID).",
    ),
    (
        "token-user-unknown",
        Owner.EXCHANGE,
        "The token speaks of a user that Exchange does not know.",
        "Look whether the mailbox is in this organisation: `Get-Mailbox <address>`.",
    ),
    (
        "token-expired",
        Owner.AZURE,
        "Exchange takes even a new token for an expired one.",
        "Compare the clocks of Exchange and of the token endpoint (`w32tm /query /status`).",
    ),
    (
        "token-invalid",
        Owner.CRM,
        "Exchange does not accept the token as one of an issuer that it trusts.",
        "Take `connections.<name>.oauth.token_endpoint` out, and check `connections.<name>.oauth.cloud`, and that "
        "`connections.<name>.url` is Exchange Online: on premises there is no OAuth for applications.",
    ),
    (
        "secret-missing",
        Owner.CRM,
        "A secret that the connection needs is not there.",
        "Put it into Key Vault under the name in the detail, or locally into the environment as `EXSYNC_SECRET_…`.",
    ),
    (
        "secret-disabled",
        Owner.AZURE,
        "The newest version of a secret is disabled in Key Vault.",
        "`az keyvault secret set-attributes --vault-name <vault> --name <secret> --enabled true`, or write a new version.",
    ),
    (
        "secret-invalid",
        Owner.CRM,
        "A secret is there but cannot be used.",
        "Write it anew in Key Vault, in the form that the detail names.",
    ),
    (
        "connection-unknown",
        Owner.CRM,
        "The operator names a connection that the settings do not have.",
        "Add it (`exsync settings set connections.<name>.url=<URL>`), or name another with `exsync operators set <operator> "
        "--connection <name>`.",
    ),
    (
        "autodiscover-failed",
        Owner.CRM,
        "Autodiscover names no EWS URL for the mailbox.",
        "`exsync doctor --discover <address>` shows each step; publish Autodiscover in DNS, set "
        "`connections.<name>.autodiscover_url` to the server that has it, or write `connections.<name>.url` itself.",
    ),
    (
        "autodiscover-untrusted",
        Owner.CRM,
        "Autodiscover leads to a host that no connection's credentials may be sent to.",
        "If the host that the detail names is yours, add it: `exsync settings set "
        """'connections.<name>.trusted_hosts=["example.com"]'`; `exsync doctor --discover <address>` shows the way there.""",
    ),
    (
        "connection-not-found",
        Owner.CRM,
        "No connection of the settings leads to the EWS URL that Autodiscover found.",
        "Add one with the URL that the detail names (`exsync settings set connections.<name>.url=<URL>`), or, where a "
        "connection's `url` is `auto`, add the URL's host to `connections.<name>.trusted_hosts`.",
    ),
    (
        "url-wrong",
        Owner.CRM,
        "There is no EWS at this URL.",
        "Correct `connections.<name>.url`; it usually is `https://<host>/EWS/Exchange.asmx`.",
    ),
    (
        "url-invalid",
        Owner.CRM,
        "The URL in the settings is not one.",
        "Correct `connections.<name>.url`; it usually is `https://<host>/EWS/Exchange.asmx`.",
    ),
    (
        "authentication-unsupported",
        Owner.CRM,
        "The settings name a way to authenticate that this version does not have.",
        "Set `connections.<name>.authentication` to `ntlm`, `basic` or `oauth`.",
    ),
    (
        "trust-invalid",
        Owner.CRM,
        "The bundle of trusted certificates cannot be read.",
        "Store the secret `exchange-trust` anew: certificates in PEM, one below the other; or remove it and use "
        "`exsync trust add FILE`.",
    ),
    (
        "url-insecure",
        Owner.CRM,
        "The URL is not https, so secrets would go unencrypted.",
        "Write `connections.<name>.url` with `https://`.",
    ),
    (
        "redirected",
        Owner.CRM,
        "The server redirects elsewhere; credentials do not follow redirects.",
        "Write the URL that the detail names into `connections.<name>.url`.",
    ),
    (
        "not-exchange",
        Owner.CRM,
        "What answers at the URL is not Exchange: a login page, a proxy, another server.",
        "Correct `connections.<name>.url`, or let the app pass the proxy without a login page.",
    ),
    (
        "tls-untrusted",
        Owner.CRM,
        "The certificate of Exchange was refused for another reason than its issuer, its host or its time.",
        "`exsync trust fetch URL` shows it; let the Exchange administrator issue one as the detail demands "
        "(who may issue, key usage, signature).",
    ),
    (
        "certificate-expired",
        Owner.EXCHANGE,
        "The certificate of Exchange, or one above it, has expired or does not hold yet.",
        "`exsync trust fetch URL` shows which: renew it (`New-ExchangeCertificate`, `Enable-ExchangeCertificate "
        "-Services IIS`); if it holds only from later on, set the clocks of both machines.",
    ),
    (
        "certificate-host-mismatch",
        Owner.CRM,
        "The certificate of Exchange is for another host name.",
        "Write `connections.<name>.url` with a name that `exsync trust fetch URL` shows, or have a certificate issued "
        "that names this host.",
    ),
    (
        "certificate-self-signed",
        Owner.CRM,
        "The certificate of Exchange is signed by itself, and nobody has said that it can be trusted.",
        "Compare the fingerprint that `exsync trust fetch URL` shows with the server's own "
        "(`Get-ExchangeCertificate`), then `exsync trust fetch URL --add`.",
    ),
    (
        "certificate-untrusted",
        Owner.CRM,
        "The certificate of Exchange comes from an authority that is not trusted, or the chain to it is incomplete.",
        "`exsync trust add FILE` with the authority's certificate, or look with `exsync trust fetch URL` and take it "
        "from there with `--add`; if a link is missing, let the server send its intermediate certificates.",
    ),
    (
        "secret-not-writable",
        Owner.AZURE,
        "The app has nowhere to keep a secret that is set while it runs.",
        "Set it yourself, locally as the environment variable `EXSYNC_SECRET_…`; or give `EXSYNC_VAULT_URL`, or "
        "`EXSYNC_SECRETS_FOLDER`, and try again.",
    ),
    (
        "alert-not-sent",
        Owner.CRM,
        "A mail about failures did not reach all whom it is for, neither through Exchange nor over SMTP.",
        "`exsync alerts test` tries both ways and says what each needs; a second way is `alerts.smtp_url`. The mail is tried "
        "again, at first every few minutes, later once an hour; the log (`exsync.alerts`) and `exsync alerts list` have it "
        "meanwhile.",
    ),
    (
        "smtp-insecure",
        Owner.CRM,
        "The mail server for alerts offers no encrypted connection.",
        "Enable STARTTLS on it, or name one that has it in `alerts.smtp_url` (`smtps://host:465` for TLS from the first byte).",
    ),
    (
        "smtp-untrusted",
        Owner.CRM,
        "The certificate of the mail server for alerts is not trusted, has expired, or is for another name.",
        "Write the name that its certificate has into `alerts.smtp_url`; for a private authority `exsync trust add FILE`.",
    ),
    (
        "smtp-authentication-failed",
        Owner.CRM,
        "The mail server for alerts refuses the sign-in.",
        "Correct the secrets `alerts-smtp-username` and `alerts-smtp-password` in Key Vault, or remove both where the server "
        "wants no sign-in; then `exsync alerts test`.",
    ),
    (
        "smtp-refused",
        Owner.CRM,
        "The mail server for alerts refuses the mail, its sender or some of its recipients.",
        "The detail has the server's words: correct `alerts.from` or `alerts.failures_to`, or let the server take mail of the "
        "app; then `exsync alerts test`.",
    ),
    (
        "wrong-server",
        Owner.CRM,
        "The mailbox is on another server than the one that was asked.",
        "Name the right connection (`exsync operators set <operator> --connection <name>`), or correct "
        "`connections.<name>.url`.",
    ),
    (
        "version-not-supported",
        Owner.CRM,
        "Exchange does not know the version that was asked for.",
        "Set `connections.<name>.version` to the server's own, or an older one.",
    ),
    (
        "subscription-limit",
        Owner.EXCHANGE,
        "The account or the mailbox has as many subscriptions as Exchange allows.",
        "Raise `EwsMaxSubscriptions` (`Set-ThrottlingPolicy`); meanwhile the mailbox is polled.",
    ),
    (
        "push-url-invalid",
        Owner.CRM,
        "Exchange does not accept the listener's URL.",
        "Correct `notifications.url`: `https://<app>/api/ews/notifications`, reachable from Exchange.",
    ),
    (
        "push-not-arriving",
        Owner.EXCHANGE,
        "Exchange accepted a subscription, but nothing of it reaches the listener.",
        "Let the Exchange servers reach `notifications.url` (outbound 443, `InternetWebProxy`, "
        "trusted certificate), or set `notifications.mode` to `poll`; meanwhile the mailbox is "
        "polled.",
    ),
    (
        "listener-unreachable",
        Owner.AZURE,
        "The app itself gets no answer at the listener's URL.",
        "Correct `notifications.url`: `https://<app>/api/ews/notifications`. If the name and the certificate are right, look at "
        "the network between: access restrictions of the app, a gateway in front of it.",
    ),
    (
        "listener-not-ours",
        Owner.CRM,
        "What answers at the listener's URL is not the listener of this app.",
        "Correct `notifications.url`: `https://<app>/api/ews/notifications`. Nothing may ask for a sign-in there: neither App "
        "Service Authentication nor a gateway.",
    ),
    (
        "settings-incomplete",
        Owner.CRM,
        "A setting that is needed has no value.",
        "Run what the detail says.",
    ),
    (
        "queue-stalled",
        Owner.AZURE,
        "Messages wait in a queue, and nobody takes them out.",
        "See that the function app runs, that `AzureWebJobs.<function>.Disabled` is not `true` for the functions whose names "
        "begin with `queue_`, and what they log.",
    ),
    (
        "timer-late",
        Owner.AZURE,
        "A timer has not run when it should have.",
        "See that the function app runs, that `AzureWebJobs.<function>.Disabled` is not `true` for it, that its `SCHEDULE_…` is "
        "right, and what it logs.",
    ),
    (
        "clock-wrong",
        Owner.EXCHANGE,
        "Two clocks that have to agree are more than a minute apart.",
        "Set the clock of the machine that is wrong: `w32tm /resync` on an Exchange server; in Azure restart the app.",
    ),
    (
        "mailbox-full",
        Owner.OPERATOR,
        "The mailbox is full.",
        "Make room in Outlook, or raise the quota (`Set-Mailbox <address> -ProhibitSendReceiveQuota`).",
    ),
    (
        "storage-denied",
        Owner.AZURE,
        "The app may not use its storage account.",
        "Give its managed identity Storage Table, Blob and Queue Data Contributor on the account, or "
        "correct `AzureWebJobsStorage`.",
    ),
    (
        "storage-missing",
        Owner.AZURE,
        "A table, container or queue of the app is not there.",
        "Restart the app: it creates what is missing; the identity needs the right to do so.",
    ),
    (
        "vault-denied",
        Owner.AZURE,
        "The app may not read its Key Vault.",
        "Give its managed identity Key Vault Secrets User on the vault.",
    ),
    (
        "brake-held",
        Owner.CRM,
        "So many items would be taken away at once that somebody should look first.",
        "If they are really gone, `exsync release <operator>`; if not, restore the folder in Outlook, and the hold ends by "
        "itself.",
    ),
)

_PERMANENT = (
    (
        "item-gone",
        Owner.NOBODY,
        "The item is not in Exchange any more.",
        "Nothing: what the application holds of it stays.",
    ),
    (
        "items-failed",
        Owner.CRM,
        "Some items of the mailbox cannot be read, so the application lacks them.",
        "`exsync failures items <operator>` names them, each with its reason and remedy. They are tried again by themselves, "
        "once a day at least, and at once with `exsync sync <operator>`; the other items are not touched by them.",
    ),
    ("item-corrupt", Owner.OPERATOR, "Exchange cannot read the item itself.", _IN_OUTLOOK),
    ("item-conversion-failed", Owner.OPERATOR, "Exchange cannot convert the item's content.", _IN_OUTLOOK),
    (
        "appointment-refused",
        Owner.OPERATOR,
        "Exchange does not accept this of the appointment, meeting or series.",
        "Correct the appointment as the detail says, in the application or in Outlook; the others are not touched by it.",
    ),
    ("item-infected", Owner.EXCHANGE, "A virus scanner has blocked the item.", "Nothing: it is not taken over."),
    (
        "item-too-large",
        Owner.EXCHANGE,
        "The item is larger than Exchange hands out.",
        "Raise the EWS message size limit (`maxRequestLength`, `maxReceivedMessageSize` in EWS's "
        "web.config), or leave it.",
    ),
    ("item-id-invalid", Owner.US, "Exchange does not accept the id of an item.", _REPORT),
    ("request-invalid", Owner.US, "Exchange does not accept what we sent.", _REPORT),
    (
        "request-too-large",
        Owner.EXCHANGE,
        "The server takes no request as large as ours.",
        "Lower `connections.<name>.batch_size`, or raise `maxRequestLength` and `uploadReadAheadSize` for EWS.",
    ),
    ("query-too-large", Owner.US, "Exchange finds the question too large.", _REPORT),
    (
        "operation-not-supported",
        Owner.EXCHANGE,
        "This Exchange cannot do what was asked.",
        "Set `connections.<name>.version` to the server's own; status says which plainer way is taken.",
    ),
    ("exchange-refused", Owner.US, "Exchange refused for a reason that we have no name for.", _REPORT),
    (
        "attachment-too-large",
        Owner.CRM,
        "The attachment is larger than `attachments.max_mb`, so only its description is kept.",
        "Ask for it: `GET …/attachments/{n}` fetches it from Exchange; or raise `attachments.max_mb`.",
    ),
    (
        "attachment-failed",
        Owner.OPERATOR,
        "The attachment could not be read from Exchange.",
        "Ask for it again with `GET …/attachments/{n}`; else open it in Outlook.",
    ),
    ("row-too-large", Owner.US, "Something is too large for one row of storage.", _REPORT),
    ("transaction-too-large", Owner.US, "Something is too large for one transaction of storage.", _REPORT),
    ("storage-refused", Owner.US, "Storage refused what we sent.", _REPORT),
    ("content-missing", Owner.US, "A stored content that a row names is not there.", _REPORT),
    (
        "poison-message",
        Owner.US,
        "A queue message failed five times and was put aside.",
        _REPORT + " `exsync sync <operator>` does its work anew.",
    ),
    (
        "internal-error",
        Owner.US,
        "The app met an error of its own.",
        "Report it to us with the time and the request; a repetition may succeed.",
    ),
)

_INPUT = (
    (
        "setting-invalid",
        Owner.CALLER,
        "The settings document has errors, so nothing of it was taken.",
        "Correct what the detail names, line by line; docs/settings.md lists all settings.",
    ),
    (
        "settings-file-invalid",
        Owner.CALLER,
        "The file has no settings that could be read.",
        "Write a line `NAME=VALUE` for each setting, or two columns of CSV, or JSON; at most 1 MiB.",
    ),
    (
        "secret-not-confirmed",
        Owner.CALLER,
        "A connection's secret would be sent to a host that it was never sent to.",
        "Give the secret itself: `--secret` of `exsync settings set` and `import`, or over HTTP the header `X-Confirm-Secret`.",
    ),
    (
        "operator-unknown",
        Owner.CALLER,
        "There is no such operator.",
        "`exsync operators list` (`GET /operators`) lists them; `exsync operators set <operator> --mailbox <address>` (`PUT "
        "/operators/{operator_id}`) creates one.",
    ),
    (
        "operator-invalid",
        Owner.CALLER,
        "The operator has errors, so nothing was written.",
        "Correct what the detail names.",
    ),
    (
        "mailbox-taken",
        Owner.CALLER,
        "The mailbox belongs to another operator already.",
        "Change or delete the operator that the detail names first. Those who exchange their mailboxes go into one file for "
        "`exsync operators import`.",
    ),
    (
        "mailbox-missing",
        Owner.CALLER,
        "The operator has no mailbox in the file, and needs one.",
        "Fill in the mailbox's primary SMTP address, or switch the line's kinds off.",
    ),
    (
        "import-invalid",
        Owner.CALLER,
        "The file cannot be read as a table of operators, so nothing of it was done.",
        "Correct what the detail names; `exsync operators export` writes a file as it should be.",
    ),
    (
        "import-too-large",
        Owner.CALLER,
        "The file has more lines than one request may bring, so nothing of it was done.",
        "Use `exsync operators import FILE`, which sends it in pieces, or cut it yourself; each piece begins with the headers.",
    ),
    (
        "line-unreadable",
        Owner.CALLER,
        "The line of the file cannot be read.",
        "Correct the line; a cell that holds a comma or a line break stands in double quotes.",
    ),
    (
        "line-repeated",
        Owner.CALLER,
        "An earlier line of the file has the same operator or the same mailbox.",
        "Take one of the two lines out; where one address is two mailboxes of two Exchange organisations, add the column "
        "`connection`.",
    ),
    (
        "kind-off",
        Owner.CALLER,
        "The kind is switched off for this operator.",
        "`exsync operators enable <operator> --kinds <kind>` (`PUT /operators/{operator_id}` with its flag true), and "
        "`exsync settings set <kind>.enabled=true`.",
    ),
    (
        "kind-not-available",
        Owner.CALLER,
        "This kind comes with a later version.",
        "Leave it out until then; this version has `email`.",
    ),
    (
        "nothing-held",
        Owner.CALLER,
        "The brake holds nothing here.",
        "Nothing; `exsync status <operator>` (`GET /operators/{operator_id}/status`) says what is held.",
    ),
    (
        "item-unknown",
        Owner.CALLER,
        "There is no such item, or it was removed.",
        "`GET /operators/{operator_id}/emails` lists them; the change feed tells what was removed.",
    ),
    (
        "attachment-unknown",
        Owner.CALLER,
        "The item has no attachment of this number.",
        "`attachments` of the item lists them with their `n`.",
    ),
    (
        "attachment-elsewhere",
        Owner.CALLER,
        "The attachment is a link to a file in the cloud; Exchange does not hold its content.",
        "Open the `url` of the problem document with the operator's own rights.",
    ),
    (
        "range-required",
        Owner.CALLER,
        "The content is too large for one answer, and storage gives no link to it.",
        "Ask with a header `Range: bytes=0-8388607` and go on from there.",
    ),
    (
        "range-invalid",
        Owner.CALLER,
        "The content has no such range.",
        "Ask within the size that the header `Content-Range` names.",
    ),
    (
        "failure-unknown",
        Owner.CALLER,
        "Nothing fails under this id, or not any more.",
        "`exsync failures list` (`GET /failures`) lists what fails, each with its `id`; `exsync failures items <operator>` "
        "the items of one.",
    ),
    (
        "cursor-invalid",
        Owner.CALLER,
        "The cursor is none of ours, or belongs to another list.",
        "Pass `next` or `cursor` back exactly as it was given, or begin without `after`.",
    ),
    (
        "request-malformed",
        Owner.CALLER,
        "The request cannot be read.",
        "Correct what the detail names; `/api/docs` shows each call with an example.",
    ),
    (
        "role-missing",
        Owner.CRM,
        "The caller may not do this: it needs another role.",
        "Give the caller one of the roles that the detail names: Entra admin center > Enterprise applications > the app > "
        "Users and groups.",
    ),
    (
        "operator-not-yours",
        Owner.CRM,
        "The application may not see this operator: its role names others.",
        "Give it the app role `application:OPERATOR_ID` for this operator too, or `application` for all.",
    ),
    (
        "sign-in-required",
        Owner.CALLER,
        "The app is told by Microsoft Entra ID who calls, and nobody is named.",
        "Sign in, with the command by `--auth entra --scope api://<client id>/.default`, or send a token for this app in the "
        "header `Authorization: Bearer`; a function key does not do.",
    ),
    (
        "pause-invalid",
        Owner.CALLER,
        "The pause names nothing that can be paused, or gives no reason in one line.",
        "`exsync pause --all --reason TEXT`, or `--kind email`, or `--operator ID` in place of `--all`.",
    ),
    (
        "pause-unknown",
        Owner.CALLER,
        "This is not paused.",
        "`exsync pause` (`GET /pauses`) shows what is; a pause ends by the same option that it was made with.",
    ),
    (
        "address-of-operator",
        Owner.CALLER,
        "The address is an operator's own mailbox: all of its mail would go.",
        "`exsync operators forget ID` forgets an operator; `exsync forget --address` is for people outside.",
    ),
    (
        "forget-unknown",
        Owner.CALLER,
        "Nobody has asked to forget this.",
        "`POST /operators/{operator_id}/forget`, or `POST /forget` with an address, asks for it.",
    ),
    (
        "forget-under-way",
        Owner.CALLER,
        "This person's mail is still being taken out, and new mail would be too.",
        "Undo it once `GET /forget/{name}` says `done`. Where it does not get on, `exsync forget --address ADDRESS` goes on.",
    ),
    (
        "precondition-required",
        Owner.CALLER,
        "The settings are only changed under a known version.",
        "Send `If-Match` with the `ETag` that `GET /settings` gave.",
    ),
    (
        "precondition-failed",
        Owner.CALLER,
        "The settings were changed since they were read.",
        "Run the command again; over HTTP `GET /settings` again, and send the patch with the new `ETag`.",
    ),
    (
        "host-not-allowed",
        Owner.CALLER,
        "The local server answers only to its own name, and to pages of its own.",
        "Use `http://127.0.0.1:7071` or `http://localhost:7071`.",
    ),
    (
        "key-required",
        Owner.CALLER,
        "This needs a key.",
        "Call `GET /health/deep` with the function key in the header `x-functions-key`.",
    ),
    ("not-found", Owner.CALLER, "There is nothing at this address.", "`/api/docs` lists all calls."),
    (
        "method-not-allowed",
        Owner.CALLER,
        "This address does not know the method.",
        "The header `Allow` names those that it knows.",
    ),
    (
        "trust-file-invalid",
        Owner.CALLER,
        "The file holds no certificate that can be read.",
        "Give `exsync trust add FILE` a PEM, DER, PKCS#7 (.p7b), PKCS#12 (.pfx) or Java keystore (.jks) file; the "
        "detail says what it seems to be.",
    ),
    (
        "trust-password-needed",
        Owner.CALLER,
        "The file can only be read with its password.",
        "`exsync trust add FILE` asks for it; in a script use `--password-file`. Over HTTP send `X-Trust-Password`.",
    ),
    (
        "trust-password-wrong",
        Owner.CALLER,
        "The password does not open the file, or the file is damaged.",
        "Give the password the file was exported with, or export it anew.",
    ),
    (
        "certificate-unknown",
        Owner.CALLER,
        "No trusted certificate has this fingerprint.",
        "`exsync trust list` shows the fingerprints of all.",
    ),
    (
        "secret-too-large",
        Owner.CALLER,
        "The secret would be larger than Key Vault can hold.",
        "Remove certificates that are not needed any more with `exsync trust remove FINGERPRINT`; the authority alone "
        "is enough, not each server.",
    ),
    (
        "notification-invalid",
        Owner.EXCHANGE,
        "What reached the listener is no notification of Exchange.",
        "Nothing, if it is someone else's; otherwise look for a proxy that changes bodies.",
    ),
)

_WARNING = (
    (
        "alerts-off",
        Owner.CRM,
        "Nobody gets a mail when a sync fails: it is not set who, or from which mailbox.",
        "`exsync settings set 'alerts.failures_to=[\"crm-admins@example.com\"]' alerts.from=crm-sync@example.com`, then "
        "`exsync alerts test`.",
    ),
    (
        "certificate-expiring",
        Owner.EXCHANGE,
        "A certificate that the connection to Exchange depends on expires within 30 days.",
        "Renew it on the server before that day; for a private authority then also `exsync trust add FILE` with "
        "the new one, and `exsync trust remove FINGERPRINT` for the old.",
    ),
    (
        "timer-never-ran",
        Owner.AZURE,
        "A timer has not run yet since the app was deployed.",
        "Wait for its first time (`SCHEDULE_…`). If it does not come, see that `AzureWebJobs.<function>.Disabled` is not `true`.",
    ),
    (
        "settings-unwise",
        Owner.CRM,
        "A setting works, but not as well as another would.",
        "Read the detail; docs/settings.md tells what each setting does.",
    ),
    (
        "off-but-running",
        Owner.AZURE,
        "Everything is switched off for the operator, but a subscription or a worker of it is still there.",
        "Nothing in the first five minutes: it is being ended. If it stays, see that `timer_subscriptions` runs (Azure "
        "portal > the function app > Functions > `timer_subscriptions` > Invocations).",
    ),
    (
        "mailbox-suspended",
        Owner.EXCHANGE,
        "The mailbox has been shut for longer than `operators.suspend_after_days`: it is only tried once a day.",
        "`exsync operators remove ID` for somebody who has left; else mend what the failure names, and `exsync sync ID`.",
    ),
    (
        "pause-lasts",
        Owner.CRM,
        "An administrator has paused the sync more than a day ago, and it is still paused.",
        "`exsync resume` when the maintenance is over; `exsync status ID` says who paused it and why.",
    ),
)

_BY_CLASS = {
    FailureClass.TRANSIENT: _TRANSIENT,
    FailureClass.RESYNC: _RESYNC,
    FailureClass.RECONFIGURE: _RECONFIGURE,
    FailureClass.PERMANENT: _PERMANENT,
    FailureClass.INPUT: _INPUT,
    FailureClass.WARNING: _WARNING,
}
REGISTRY = {
    code: Failure(code, failure_class, owner, cause, remedy)
    for failure_class, entries in _BY_CLASS.items()
    for code, owner, cause, remedy in entries
}
