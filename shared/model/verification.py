"""What verifying an operator finds: a list of checks, each judged here from facts. DESIGN 8, `POST …/verify`.

A check is `ok` True or False, or None where it does not apply or cannot be told yet; only False is a fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.model.exchange import Resolved
from shared.model.operator import Kind
from shared.model.switches import FLAGS

ALIAS = "mailbox-not-primary"

_MAILBOX = "Mailbox"
_UNSAID = ("", "Unknown")
_NO_MAILBOX = {
    "PublicDL": "a distribution list",
    "PrivateDL": "a private distribution list",
    "Contact": "a contact",
    "ImplicitContact": "a contact",
    "PublicFolder": "a public folder",
    "GroupMailbox": "a group's mailbox",
    "OneOff": "an address outside of the directory",
}
"""Types.xsd, `MailboxTypeType`, in a person's words."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `code` is of the failure registry, empty where nothing is wrong."""

    name: str
    ok: bool | None
    detail: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class KindFacts:
    """What is known of one kind of an operator. `off`: which switch keeps it from running, empty for none."""

    kind: Kind
    flag: bool
    off: str = ""
    begun: bool = False
    complete: bool = False
    items: int = 0
    syncing: bool = False
    subscribed: bool = False
    trouble_code: str = ""
    trouble: str = ""
    held: str = ""


def judge_entries(address: str, entries: Sequence[Resolved], *, primary_taken: str = "") -> tuple[Check, Check, Check]:
    """Whether the directory knows the address, as the primary one, and of a mailbox.

    Entries may be others' whose addresses only begin alike (PROTOCOL 13.1; ResolveNames matches in part).
    `primary_taken`: in words, which other operator has the primary address already.
    """
    entry = entry_of(address, entries)
    if entry is None:
        found = _several(address, entries) if entries else _unknown(address)
        why = "the address does not resolve to one entry"
        return found, not_told("primary", why), not_told("mailbox", why)
    known = Check("address", True, f"the directory knows it as {entry.name or entry.address}")
    return known, _primary(address, entry, primary_taken), _mailbox(entry)


def entry_of(address: str, entries: Sequence[Resolved]) -> Resolved | None:
    """The entry that an address belongs to: the one whose primary address it is, or the only one."""
    same = [entry for entry in entries if entry.address.casefold() == address.casefold()]
    if same:
        return same[0]
    return entries[0] if len(entries) == 1 else None


def not_told(name: str, why: str) -> Check:
    """A check that could not be made, or does not apply."""
    return Check(name, None, why)


def _unknown(address: str) -> Check:
    return Check("address", False, f"the directory of Exchange does not know {address}", "mailbox-unknown")


def _several(address: str, entries: Sequence[Resolved]) -> Check:
    names = ", ".join(entry.address for entry in entries[:5])
    return not_told("address", f"{len(entries)} entries of the directory begin with {address}: {names}")


def _primary(address: str, entry: Resolved, taken: str) -> Check:
    if entry.address.casefold() == address.casefold():
        return Check("primary", True, f"{entry.address} is the primary address")
    words = f"{address} is an alias; the primary address is {entry.address}"
    return (
        Check("primary", False, f"{words}. {taken}", "mailbox-taken")
        if taken
        else Check("primary", False, words, ALIAS)
    )


def _mailbox(entry: Resolved) -> Check:
    if entry.mailbox_type == _MAILBOX:
        return Check("mailbox", True, "it is a mailbox")
    if entry.mailbox_type in _UNSAID:
        return not_told("mailbox", "the directory does not say what it is")
    what = _NO_MAILBOX.get(entry.mailbox_type, entry.mailbox_type)
    return Check("mailbox", False, f"{entry.address} is {what}, not a mailbox", "address-not-mailbox")


def judge_kind(facts: KindFacts, *, wanted: bool) -> Check:
    """Whether what is synchronised agrees with the operator's flag. `wanted`: the flag is to go on, if it is not."""
    name = FLAGS[facts.kind]
    if not facts.flag:
        return _when_off(name, facts, wanted=wanted)
    if facts.off:
        return Check(name, False, facts.off, "kind-off")
    if facts.trouble_code:
        return Check(name, False, facts.trouble, facts.trouble_code)
    if facts.held:
        return Check(name, False, facts.held, "brake-held")
    if not facts.begun:
        return not_told(name, "on; the first sync has not begun yet")
    if not facts.complete:
        return not_told(name, f"on; the initial sync is under way, {facts.items} items so far")
    return Check(name, True, f"on and synchronised, {facts.items} items")


def _when_off(name: str, facts: KindFacts, *, wanted: bool) -> Check:
    left = [
        words
        for words, there in (
            ("a push subscription is still there", facts.subscribed),
            ("a worker is still at it", facts.syncing),
        )
        if there
    ]
    if left:
        return Check(name, False, f"off, but {' and '.join(left)}", "off-but-running")
    if wanted and facts.off:
        return Check(name, False, facts.off, "kind-off")
    kept = f"; {facts.items} items of before are kept" if facts.items else ""
    return Check(name, True, f"off{kept}")


def all_is_well(checks: Iterable[Check]) -> bool:
    """Whether nothing is at fault."""
    return not any(check.ok is False for check in checks)


def is_only_an_alias(checks: Iterable[Check]) -> bool:
    """Whether the one fault is that the address is an alias, so that adopting the primary one mends it."""
    return {check.code for check in checks if check.ok is False} == {ALIAS}
