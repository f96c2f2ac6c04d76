"""What an administrator mends for one mailbox."""

from shared.model.failure_tables.words import Owner

MAILBOXES = (
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
)
