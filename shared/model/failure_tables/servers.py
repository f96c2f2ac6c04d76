"""What an administrator mends of servers, addresses, certificates, mail and the app itself."""

from shared.model.failure_tables.words import Owner

SERVERS = (
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
