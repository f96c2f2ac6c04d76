"""What an administrator mends of accounts, applications and their secrets."""

from shared.model.failure_tables.words import IN_ENTRA, SET_SECRET, Owner

SIGN_IN = (
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
        f"Make a new one ({IN_ENTRA} > Certificates & secrets, or `az ad app credential reset --id <client_id> "
        f"--append`), and put it into Key Vault: {SET_SECRET}.",
    ),
    (
        "client-secret-wrong",
        Owner.CRM,
        "Entra ID does not know the client secret.",
        f"Put the secret's value, not its ID, into Key Vault: {SET_SECRET}. If the value is lost, make a new one: "
        "`az ad app credential reset --id <client_id> --append`.",
    ),
    (
        "client-certificate-invalid",
        Owner.AZURE,
        "The client certificate cannot be used, or the application does not know it.",
        "Put PEM with its RSA private key, or PKCS#12 in base64 without a password, into the secret "
        f"`<connection>-client-certificate`, and its public part into {IN_ENTRA} > Certificates & secrets (`az ad app "
        "credential reset --id <client_id> --append --cert @<certificate.pem>`). If the detail speaks of the time, "
        "set the clock of the machine.",
    ),
    (
        "client-certificate-expired",
        Owner.AZURE,
        "The client certificate has expired.",
        "Renew it in Key Vault (`az keyvault certificate create --vault-name <vault> --name "
        '<connection>-client-certificate --policy "$(az keyvault certificate get-default-policy)"`, or write the new one '
        f"into the secret `<connection>-client-certificate`), and add its public part in {IN_ENTRA} > Certificates & secrets.",
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
        f"{IN_ENTRA} > API permissions > Grant admin consent (`az ad app permission admin-consent --id <client_id>`). Where "
        "the right comes from RBAC for Applications instead, look at the mailbox with `Test-ServicePrincipalAuthorization "
        "<client_id> -Resource <address>` and `Get-CASMailbox <address> | fl Ews*`.",
    ),
    (
        "token-role-missing",
        Owner.AZURE,
        "The token does not hold the permission `full_access_as_app`.",
        f"{IN_ENTRA} > API permissions > Add > APIs my organization uses > Office 365 Exchange Online > Application "
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
)
