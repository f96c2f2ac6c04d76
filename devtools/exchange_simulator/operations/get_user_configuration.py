"""GetUserConfiguration: settings that clients keep in a folder. Source: wsr/getuserconfiguration-operation, Types.xsd.

There is one, `OWA.UserOptions` at the root, which Outlook on the web makes when its user first chooses a time zone.
"""

from collections.abc import Iterable

from devtools.exchange_simulator import soap
from devtools.exchange_simulator.call import Call, elements, folder_of
from devtools.exchange_simulator.markup import attribute, text
from devtools.exchange_simulator.soap import ItemError, M, Piece

_OPTIONS = "OWA.UserOptions"


def answer(call: Call) -> Iterable[Piece]:
    """Answer one message; a configuration that is not there is ErrorItemNotFound."""
    return soap.answer(call.operation, [_message(call)])


def _message(call: Call) -> Iterable[Piece]:
    asked = call.body.find(M + "UserConfigurationName")
    assert asked is not None  # the schema has checked it
    name, place = asked.get("Name") or "", elements(asked)[0]
    try:
        if folder_of(call, place).distinguished != "root" or name != _OPTIONS:
            raise ItemError("ErrorItemNotFound", f"There is no configuration {name!r} in the folder.")
    except ItemError as error:
        return soap.failure(call.operation, error)
    kind = place.tag.removeprefix(soap.T) if isinstance(place.tag, str) else ""
    where = f'<t:{kind} Id="{attribute(place.get("Id") or "")}"/>'
    parts = (call.body.findtext(M + "UserConfigurationProperties") or "").split()
    shown = _dictionary({"timezone": call.mailbox.time_zone}) if {"Dictionary", "All"} & set(parts) else ""
    inside = f'<t:UserConfigurationName Name="{attribute(name)}">{where}</t:UserConfigurationName>{shown}'
    return soap.success(call.operation, [f"<m:UserConfiguration>{inside}</m:UserConfiguration>"])


def _dictionary(values: dict[str, str]) -> str:
    entries = "".join(
        f"<t:DictionaryEntry><t:DictionaryKey>{_string(key)}</t:DictionaryKey>"
        f"<t:DictionaryValue>{_string(value)}</t:DictionaryValue></t:DictionaryEntry>"
        for key, value in values.items()
    )
    return f"<t:Dictionary>{entries}</t:Dictionary>"


def _string(value: str) -> str:
    return f"<t:Type>String</t:Type><t:Value>{text(value)}</t:Value>"
