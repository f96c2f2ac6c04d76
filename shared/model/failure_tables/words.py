"""Who can mend a failure, and what remedies have in common."""

from enum import StrEnum


class Owner(StrEnum):
    """Who can do what the remedy says."""

    NOBODY = "nobody: it mends itself"
    OPERATOR = "operator"
    EXCHANGE = "Exchange administrator"
    CRM = "CRM administrator"
    AZURE = "Azure administrator"
    CALLER = "whoever calls the API"
    US = "us, the makers"


WAIT = "Nothing: it is tried again by itself, with pauses that grow to 15 minutes."
MEANWHILE = "Meanwhile it is tried again by itself, every 15 minutes at least."
REPEAT = "Try it again in a minute, as a sync does."
REPORT = "Report it to us with the detail and the time; the rest goes on meanwhile."
IF_IT_LASTS = " If it lasts, report it to us with the detail."
IN_ENTRA = "Entra admin center > App registrations > the application"
SET_SECRET = "`az keyvault secret set --vault-name <vault> --name <connection>-client-secret --value <secret>`"
IN_OUTLOOK = "Open the item in Outlook; the others are not touched by it."
