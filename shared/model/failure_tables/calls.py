"""What is wrong with a call, a command or a file."""

from shared.model.failure_tables.words import Owner

INPUT = (
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
        "`exsync forget --address ADDRESS` (`POST /forget`) asks for it, or `exsync operators forget ID` (`POST "
        "/operators/{operator_id}/forget`); the answer has the name of the report.",
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
