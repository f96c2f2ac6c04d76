"""From settings of the earlier product to ours: what each becomes here, or why it is not taken.

Decided liberally: names in any case and spelling, values like yes, 1 and "30 minutes", a misprinted URL. What cannot hold
together with the rest is left out with the reason, and the rest is taken.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from shared.model.clouds import CLOUDS
from shared.model.configuration import merge_patch
from shared.model.setting_file import Entry
from shared.model.setting_names import comes_later, earlier_like, generic, here_for, instead_of
from shared.model.setting_problems import problems_of
from shared.model.setting_table import BY_NAME, Setting
from shared.model.setting_values import LISTENER, mended_url


class State(StrEnum):
    """What becomes of a setting: taken; needs nothing, or something else, here; comes later; not known; refused."""

    TAKEN = "taken"
    NOT_NEEDED = "not_needed"
    LATER = "later"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Mapped:
    """One setting there, and what becomes of it. `value` is what is written here, None where nothing is."""

    line: int
    there: str
    state: State
    here: str = ""
    value: Any = None
    reason: str = ""


_YES = frozenset({"true", "yes", "y", "1", "x", "on", "enabled", "checked", "selected"})
_NO = frozenset({"false", "no", "n", "0", "off", "disabled", "unchecked", "cleared", "clear"})
_UNITS = {"minute": 1, "minutes": 1, "min": 1, "mins": 1, "hour": 60, "hours": 60, "h": 60, "day": 1440, "days": 1440}
_QUANTITY = re.compile(r"(\d{1,9})(?:\.0+)?\s*([a-z]*)\.?")
_LATER = "comes with a later version"
_OF_THE_OTHER = "it is the earlier product's own listener; set notifications.url to this app's, https://…" + LISTENER


def map_settings(entries: Sequence[Entry], connection: str) -> tuple[Mapped, ...]:
    """What each setting becomes, by itself. `connection` is the one that the Exchange URL and the like are for."""
    mapped: list[Mapped] = []
    for entry in entries:
        new = _mapped(entry, connection)
        first = next((each for each in mapped if each.here == new.here and each.state is State.TAKEN), None)
        if first and new.state is State.TAKEN and first.value != new.value:
            other = f'"{first.there}" in line {first.line} has another value, which is taken; here there is one for all'
            new = replace(new, state=State.REFUSED, value=None, reason=other)
        mapped.append(new)
    return tuple(mapped)


def holding(document: Mapping[str, Any], mapped: Sequence[Mapped]) -> tuple[Mapped, ...]:
    """The same with those refused that cannot hold together, or with what the document has already."""
    while True:
        problems = problems_of(merge_patch(document, as_patch(mapped)))
        kept = tuple(_refused(each, problems) for each in mapped)
        if kept == tuple(mapped):
            return kept
        mapped = kept


def as_patch(mapped: Iterable[Mapped]) -> dict[str, Any]:
    """What is taken, as a merge patch."""
    patch: dict[str, Any] = {}
    for each in mapped:
        if each.state is State.TAKEN:
            one = each.value
            for part in reversed(each.here.split(".")):
                one = {part: one}
            patch = merge_patch(patch, one)
    return patch


def _refused(mapped: Mapped, problems: Sequence[str]) -> Mapped:
    """A setting with a problem of its own, or of its connection where that is short of something."""
    if mapped.state is not State.TAKEN:
        return mapped
    own = next((line for line in problems if re.split(r"[ :]", line)[0] == mapped.here), "")
    whole = ".".join(mapped.here.split(".")[:2]) + "." if mapped.here.startswith("connections.") else "\0"
    missing = next((line for line in problems if line.startswith(whole) and "it is missing" in line), "")
    reason = own.partition(": ")[2] or missing
    return replace(mapped, state=State.REFUSED, value=None, reason=reason) if reason else mapped


def _mapped(entry: Entry, connection: str) -> Mapped:
    new = Mapped(entry.line, entry.name, State.UNKNOWN)
    here = entry.name if generic(entry.name) in BY_NAME else here_for(entry.name).replace("<name>", connection)
    if not here:
        return _no_setting(new, connection)
    if generic(here) not in BY_NAME:
        return replace(new, here=here, state=State.LATER, reason=_LATER)
    if entry.value is None or entry.value == "":
        return replace(new, here=here, state=State.NOT_NEEDED, reason="it has no value there; what is set here stays")
    return _converted(replace(new, here=here), entry.value, BY_NAME[generic(here)])


def _no_setting(new: Mapped, connection: str) -> Mapped:
    if comes_later(new.there):
        return replace(new, here=new.there, state=State.LATER, reason=_LATER)
    if instead := instead_of(new.there):
        return replace(new, state=State.NOT_NEEDED, reason=instead.what.format(connection=connection))
    close = earlier_like(new.there)
    meant = f'; did you mean "{close}"?' if close else ""
    return replace(
        new, reason=f"neither the earlier product nor this one has a setting of this name, as far as we know{meant}"
    )


def _converted(new: Mapped, value: Any, setting: Setting) -> Mapped:
    if setting.name == "notifications.url" and not str(value).rstrip("/").endswith(LISTENER):
        return replace(new, state=State.NOT_NEEDED, reason=_OF_THE_OTHER)
    if setting.name.endswith(".token_endpoint") and (tenant := _tenant(str(value))):
        here = new.here.replace("token_endpoint", "tenant_id")
        return replace(new, here=here, state=State.TAKEN, value=tenant, reason="the endpoint follows from the tenant")
    complaint = ""
    for written in _ways_to_write(value, setting.name):
        try:
            setting.read(written)
        except ValueError as error:
            complaint = str(error)
        else:
            return replace(new, state=State.TAKEN, value=written, reason=_corrected(value, written))
    return replace(new, state=State.REFUSED, reason=complaint)


def _corrected(value: Any, written: Any) -> str:
    is_url = isinstance(written, str) and "://" in written
    return f'corrected from "{value}"' if is_url and written != str(value).strip() else ""


def _tenant(endpoint: str) -> str:
    """The tenant of an endpoint of Microsoft's: its version 1 form, which is common there, knows no scopes."""
    parts = urlsplit(mended_url(endpoint.strip()))
    authorities = {urlsplit(cloud.authority).hostname for cloud in CLOUDS.values()}
    tenant = parts.path.strip("/").split("/")[0]
    return tenant if parts.hostname in authorities and re.fullmatch(r"[\w.-]+", tenant) else ""


def _ways_to_write(value: Any, name: str) -> Iterator[Any]:
    """The value in the forms that some setting has, the likeliest complaint last; the setting's reader takes its own."""
    text = str(value).strip()
    yield value
    word = text.lower()
    if name.endswith(".authentication"):
        yield from _authentication(word)
    if name.endswith(".version"):
        yield from _version(word)
    if word in _YES | _NO:
        yield word in _YES
    yield re.split(r"\s*[;,\n]\s*", text.strip(";, "))
    yield word
    yield text
    if name.endswith(("url", "_endpoint")):
        yield mended_url(text)
    yield from _quantity(word, name)


def _authentication(word: str) -> Iterator[str]:
    """A check box there, "use OAuth"; left clear it means what is called Basic there, which is NTLM."""
    if word in _YES:
        yield "oauth"
    if word in _NO:
        yield "ntlm"
    yield word.replace(" 2.0", "").replace("oauth2", "oauth")


def _version(word: str) -> Iterator[str]:
    """`exchange 2013`, `Exchange2010_SP2`, `2016`, `Office 365`."""
    if re.search(r"365|online", word):
        yield "Exchange365"
    if found := re.search(r"20\d\d", word):
        yield f"Exchange{found[0]}"
    if re.fullmatch(r"(exchange\s*)?(se|subscription edition)", word):
        yield "ExchangeSE"


def _quantity(word: str, name: str) -> Iterator[int]:
    """A number with or without its unit, in the unit of the setting."""
    found = _QUANTITY.fullmatch(word)
    if not found:
        return
    count, unit = int(found[1]), found[2]
    ours = 1440 if name.endswith("_days") else 1
    if unit not in _UNITS:
        yield count
    elif not count * _UNITS[unit] % ours:
        yield count * _UNITS[unit] // ours
