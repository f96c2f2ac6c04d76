"""What works, and should be seen to all the same."""

from shared.model.failure_tables.words import Owner

WARNING = (
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
