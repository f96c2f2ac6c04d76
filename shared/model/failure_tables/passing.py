"""What mostly passes by itself, and what the sync rebuilds by itself."""

from shared.model.failure_tables.words import IF_IT_LASTS, WAIT, Owner

TRANSIENT = (
    (
        "exchange-busy",
        Owner.EXCHANGE,
        "Exchange is too busy to answer: it is throttling us, or its web service is overloaded or down (HTTP 503).",
        WAIT + " If it lasts with HTTP 503, look at the server first (`Test-ServiceHealth`, `Get-WebAppPoolState "
        "MSExchangeServicesAppPool`); else lower `connections.<name>.batch_size`, or raise `EwsMaxConcurrency` for the "
        "service account (`Set-ThrottlingPolicy`).",
    ),
    (
        "exchange-unavailable",
        Owner.EXCHANGE,
        "Exchange answers that it, or a part of it, is out of service.",
        WAIT + " If it lasts, look at the mailbox database and at `Test-WebServicesConnectivity`.",
    ),
    (
        "exchange-internal-error",
        Owner.EXCHANGE,
        "Exchange met an error of its own.",
        WAIT
        + " If it lasts for one mailbox, run `New-MailboxRepairRequest`; if for many, look into the server's event log "
        "(`MSExchange Web Services`).",
    ),
    (
        "exchange-timeout",
        Owner.EXCHANGE,
        "Exchange did not answer in time.",
        WAIT + " If it lasts, look at the load of the Exchange server and at the network between.",
    ),
    (
        "exchange-unreachable",
        Owner.EXCHANGE,
        "No connection to Exchange could be made.",
        WAIT + " Check the URL (`connections.<name>.url`) and the firewall between the app and Exchange (TCP 443).",
    ),
    (
        "connection-refused",
        Owner.EXCHANGE,
        "The Exchange host refuses connections on this port.",
        WAIT + " Check the port in the URL (`connections.<name>.url`) and that IIS is running.",
    ),
    (
        "connection-lost",
        Owner.EXCHANGE,
        "The connection to Exchange broke off in the middle.",
        WAIT
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
        WAIT + " If it lasts, lower `connections.<name>.batch_size`: a proxy may limit answers.",
    ),
    (
        "answer-malformed",
        Owner.US,
        "Exchange's answer cannot be read as what was asked for.",
        WAIT + IF_IT_LASTS,
    ),
    (
        "exchange-routing-failed",
        Owner.NOBODY,
        "The Exchange server that we ask does not reach the one that has the mailbox.",
        WAIT + " After the sixth time it is called `exchange-routing-broken`.",
    ),
    (
        "impersonation-failed",
        Owner.NOBODY,
        "Exchange could not act in the operator's name just now.",
        WAIT + " After the third time it is called `impersonation-broken`.",
    ),
    (
        "exchange-inconsistent",
        Owner.EXCHANGE,
        "Exchange contradicts what it said before: an item or folder is there and not there.",
        WAIT + " If it lasts, run `New-MailboxRepairRequest` for the mailbox.",
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
        WAIT + " If it lasts, raise `MessageRateLimit` or `RecipientRateLimit` (`Set-ThrottlingPolicy`), on premises.",
    ),
    (
        "storage-unavailable",
        Owner.AZURE,
        "The app's storage account does not answer, or is being throttled.",
        WAIT + " If it lasts, look at the storage account's metrics.",
    ),
    (
        "vault-unavailable",
        Owner.AZURE,
        "Key Vault does not answer.",
        WAIT + " If it lasts, look at the vault's firewall and metrics.",
    ),
    (
        "token-unavailable",
        Owner.AZURE,
        "The token endpoint does not answer.",
        WAIT + " If it lasts, see that the app may reach it (`https://login.microsoftonline.com`, or "
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

RESYNC = (
    (
        "sync-state-invalid",
        Owner.NOBODY,
        "Exchange does not know the stored sync state any more.",
        "Nothing: the folder is read anew and compared; nothing is doubled or lost." + IF_IT_LASTS,
    ),
    (
        "folder-gone",
        Owner.NOBODY,
        "A watched folder was deleted or moved away.",
        "Nothing; if many items went with it, the brake holds them: see `brake-held`." + IF_IT_LASTS,
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
        "Nothing: the subscription is made anew and the mailbox synchronised." + IF_IT_LASTS,
    ),
    (
        "item-changed",
        Owner.NOBODY,
        "The item was changed in Exchange at the same moment.",
        "Nothing: it is read again." + IF_IT_LASTS,
    ),
)
