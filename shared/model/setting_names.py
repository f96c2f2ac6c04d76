"""Names of settings: ours, those known from the earlier product, and what was probably meant by one that is neither.

The names of the earlier product are those in `setting_table.py`, what its pages call the same things besides, and the
names there that no setting here stands for. DESIGN 3.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from shared.model.setting_table import BY_NAME, LATER, SETTINGS

_ALSO = {
    "connections.<name>.url": "EWS endpoint URL, Exchange server URL",
    "connections.<name>.authentication": "Basic authentication, Authentication profile type",
    "connections.<name>.oauth.client_id": "Client ID, Application (client) ID, client identifier number",
    "connections.<name>.oauth.tenant_id": "Directory ID, Tenant ID",
    "connections.<name>.create_item_url": "CreateItemURL",
    "notifications.frequency_minutes": "Notification frequency (minutes)",
    "email.enabled": "Microsoft Exchange email integration",
    "email.associate_with": "association options",
    "calendar.enabled": "EnableAppointments, Microsoft Exchange calendar integration",
    "calendar.past_days": "IsSkipAppointment",
    "contacts.enabled": "contact integration, Microsoft Exchange contact integration",
    "contacts.direction": "Contact sync, synchronization option",
    "contacts.categories": "Contact Sync Category",
    "contacts.slot_minutes": "Slot size",
}
"""What the pages of the earlier product call it besides; also settings of DESIGN 3 that are not here yet."""


@dataclass(frozen=True, slots=True)
class Instead:
    """A name there that no setting here stands for. `what` says what takes its place; a secret's value is not repeated."""

    what: str
    is_secret: bool = False


_VAULT = "a secret, which is never a setting: put it into Key Vault as `{connection}-%s`"
_SCHEDULE = "a schedule, which is an environment setting here: %s has a value that needs no change"
_INSTEAD = {
    "User name": Instead(_VAULT % "username", is_secret=True),
    "Password": Instead(_VAULT % "password", is_secret=True),
    "Client secret": Instead(_VAULT % "client-secret", is_secret=True),
    "Client secret number": Instead(_VAULT % "client-secret", is_secret=True),
    "Keystore password": Instead("`exsync trust add FILE` asks for it", is_secret=True),
    "Keystore": Instead("`exsync trust add FILE` takes the keystore as it is"),
    "EWS_Integration_SecurityProfile": Instead("`exsync trust add FILE` takes its keystore as it is"),
    "EWS_Integration_AuthProfile": Instead(_VAULT % "username` and `{connection}-password"),
    "EWSOauthAuthenticationProfile": Instead(
        "write the settings connections.{connection}.oauth.client_id and .tenant_id"
    ),
    "EWSPushNotifications": Instead("needed by nothing here: the listener is part of the app"),
    "Service access group": Instead("needed by nothing here: the listener is part of the app"),
    "IsEnabledBiSync": Instead("a flag of each operator: `exsync operators import` understands it"),
    "ManagePushSubscriptions": Instead(_SCHEDULE % "SCHEDULE_SUBSCRIPTIONS"),
    "ManagePushSubscriptionsForCalendarSync": Instead(_SCHEDULE % "SCHEDULE_SUBSCRIPTIONS"),
    "ProcessEWSPushNotifications": Instead("needed by nothing here: each notification is worked on as it comes"),
    "PegaCRMFW-ExchangeImpl": Instead("needed by nothing here: there are no agents to start"),
    "Interval (sec)": Instead("needed by nothing here: there are no agents to start"),
}


def folded(name: str) -> str:
    """A name as it is compared: letters and digits in lower case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _known_as() -> dict[str, str]:
    written = [(setting.name, setting.known_as) for setting in SETTINGS] + list(_ALSO.items())
    return {folded(each): name for name, known_as in written for each in known_as.split(", ") if each}


_EARLIER = _known_as()
_NO_SETTING = {folded(name): instead for name, instead in _INSTEAD.items()}


def generic(name: str) -> str:
    """The name with `<name>` for a connection's own."""
    return re.sub(r"^connections\.[^.]+(?=\.|$)", "connections.<name>", name)


def is_group(name: str) -> bool:
    """Whether settings are below this name."""
    return name == "connections" or any(each.startswith(f"{generic(name)}.") for each in BY_NAME)


def comes_later(name: str) -> bool:
    """Whether it is a setting of DESIGN 3 that has no effect yet."""
    return any(generic(name) == later or generic(name).startswith(f"{later}.") for later in LATER)


def here_for(name: str) -> str:
    """What a setting of the earlier product is called here, `<name>` standing for a connection's; empty for none."""
    return next((_EARLIER[each] for each in _spellings(name) if each in _EARLIER), "")


def instead_of(name: str) -> Instead | None:
    """What takes the place of a name there that no setting here stands for; None where it is not known."""
    known = next((_NO_SETTING[each] for each in _spellings(name) if each in _NO_SETTING), None)
    if known is None and re.search("password|secret", folded(name)):
        return Instead(_VAULT % "password", is_secret=True)
    return known


def earlier_like(name: str) -> str:
    """The name of the earlier product that was probably meant, as it is written there; empty for none."""
    close = get_close_matches(folded(name), [*_EARLIER, *_NO_SETTING], 1, 0.8)
    return next((each for each in names_there() if close and folded(each) == close[0]), "")


def names_there() -> list[str]:
    """All names of the earlier product that are known here, as they are written there."""
    known = [*(setting.known_as for setting in SETTINGS), *_ALSO.values()]
    return [each for known_as in known for each in known_as.split(", ") if each] + list(_INSTEAD)


def why_no_setting(name: str) -> str:
    """What to tell somebody who wrote this dotted name, which is no setting."""
    if comes_later(name):
        return "comes with a later version; leave it out until then"
    if is_group(name):
        return f"it is a group of settings and has no value of its own; write for example {_example(name)}"
    if same := next((each for each in BY_NAME if folded(each) == folded(generic(name))), ""):
        return f'there is no such setting; did you mean "{_named(same, name)}"?'
    if there := here_for(name.rpartition(".")[2]):
        later = ", which comes with a later version" if comes_later(there) else ""
        return f'there is no such setting; here it is called "{there}"{later}'
    if instead := instead_of(name.rpartition(".")[2]):
        return "there is no such setting; it is " + instead.what.format(connection="<connection>")
    close = _meant(name)
    return "there is no such setting" + (f'; did you mean "{close}"?' if close else "")


def _spellings(name: str) -> tuple[str, str]:
    """The whole name, and what stands behind a rule set or class: `PegaCRMFW/EWSBatchSize`, `Settings.EWSBatchSize`."""
    return folded(name), folded(re.split(r"[/.!]", name)[-1])


def _example(name: str) -> str:
    if name == "connections":
        return '{"connections": {"default": {"url": "https://host/EWS/Exchange.asmx"}}}'
    below = next(each for each in BY_NAME if each.startswith(f"{generic(name)}."))
    return f'"{name}{below.removeprefix(generic(name))}"'


def _meant(name: str) -> str:
    """The setting that was probably meant: in its own group, else by the whole name, else of that name in another."""
    group, _, last = generic(name).lower().rpartition(".")
    beside = [each.rpartition(".")[2] for each in BY_NAME if each.rpartition(".")[0] == group]
    near = [f"{group}.{each}" for each in get_close_matches(last, beside, 1)]
    if not beside:
        near = get_close_matches(generic(name).lower(), BY_NAME, 1, 0.8)
    elsewhere = {each.rpartition(".")[2]: each for each in reversed(BY_NAME)}
    near = near or [elsewhere[each] for each in get_close_matches(last, elsewhere, 1, 0.8)]
    return _named(near[0], name) if near else ""


def _named(found: str, name: str) -> str:
    """The suggestion with the connection's own name in it."""
    parts = name.split(".")
    return found.replace("<name>", parts[1]) if parts[0] == "connections" and len(parts) > 1 else found
