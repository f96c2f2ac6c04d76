"""Which switch keeps a kind from running: the setting, the operator's flag, or that it is not built yet. DESIGN 3."""

from shared.model.configuration import Configuration
from shared.model.operator import AVAILABLE_KINDS, Kind, Operator

FLAGS = {Kind.EMAIL: "email_sync", Kind.CALENDAR: "calendar_sync", Kind.CONTACTS: "contact_sync"}


def why_off(configuration: Configuration, operator: Operator, kind: Kind) -> str:
    """What is to be switched on for this kind to run, for a person; empty when it runs."""
    if kind not in AVAILABLE_KINDS:
        return f"{kind} comes with a later version"
    if operator.removed:
        return "the operator was deleted"
    off = []
    if not configuration.email.enabled:
        off.append(f"{kind}.enabled is false in the settings")
    if not operator.flag(kind):
        off.append(f"the operator's {FLAGS[kind]} is false")
    return " and ".join(off)
