"""What holds for one item, and not for the others."""

from shared.model.failure_tables.words import IN_OUTLOOK, REPORT, Owner

PERMANENT = (
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
    ("item-corrupt", Owner.OPERATOR, "Exchange cannot read the item itself.", IN_OUTLOOK),
    ("item-conversion-failed", Owner.OPERATOR, "Exchange cannot convert the item's content.", IN_OUTLOOK),
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
    ("item-id-invalid", Owner.US, "Exchange does not accept the id of an item.", REPORT),
    ("request-invalid", Owner.US, "Exchange does not accept what we sent.", REPORT),
    (
        "request-too-large",
        Owner.EXCHANGE,
        "The server takes no request as large as ours.",
        "Lower `connections.<name>.batch_size`, or raise `maxRequestLength` and `uploadReadAheadSize` for EWS.",
    ),
    ("query-too-large", Owner.US, "Exchange finds the question too large.", REPORT),
    (
        "operation-not-supported",
        Owner.EXCHANGE,
        "This Exchange cannot do what was asked.",
        "Set `connections.<name>.version` to the server's own; status says which plainer way is taken.",
    ),
    ("exchange-refused", Owner.US, "Exchange refused for a reason that we have no name for.", REPORT),
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
    ("row-too-large", Owner.US, "Something is too large for one row of storage.", REPORT),
    ("transaction-too-large", Owner.US, "Something is too large for one transaction of storage.", REPORT),
    ("storage-refused", Owner.US, "Storage refused what we sent.", REPORT),
    ("content-missing", Owner.US, "A stored content that a row names is not there.", REPORT),
    (
        "poison-message",
        Owner.US,
        "A queue message failed five times and was put aside.",
        REPORT + " `exsync sync <operator>` does its work anew.",
    ),
    (
        "internal-error",
        Owner.US,
        "The app met an error of its own.",
        "Report it to us with the time and the request; a repetition may succeed.",
    ),
)
