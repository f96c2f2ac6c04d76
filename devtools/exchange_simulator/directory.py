"""All mailboxes of the simulated organisation, found by primary address, alias, or principal name."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from devtools.exchange_simulator.items import Item
from devtools.exchange_simulator.mailbox import Mailbox, Unknown


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that left the organisation: who sent it, to which addresses outside, and its bytes."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory tells of an address; `mailbox_type` is of MailboxTypeType (Types.xsd)."""

    address: str
    name: str
    aliases: tuple[str, ...] = ()
    mailbox_type: str = "Mailbox"


OTHER_TYPES = (
    *("Unknown", "OneOff", "PublicDL", "PrivateDL"),
    *("Contact", "PublicFolder", "GroupMailbox", "ImplicitContact"),
)


class Directory:
    """The organisation's mailboxes; addresses are compared without case. `results` are FindItem's kept queries.

    `outgoing` is the journal of what was sent to addresses that are nobody's here.
    """

    def __init__(self) -> None:
        self.mailboxes: dict[str, Mailbox] = {}
        self.results: OrderedDict[tuple[object, ...], list[Item]] = OrderedDict()
        self.outgoing: list[Outgoing] = []
        self._by_name: dict[str, Mailbox] = {}
        self._others: dict[str, Entry] = {}

    def add(self, address: str, *, name: str = "", aliases: Iterable[str] = (), principal: str = "") -> Mailbox:
        """Create a mailbox. Raises ValueError when an address is taken."""
        mailbox = Mailbox(address, name=name, aliases=aliases, principal=principal)
        names = {one.casefold() for one in (address, mailbox.principal, *mailbox.aliases)}
        taken = names & self._by_name.keys()
        if taken:
            raise ValueError(f"already there: {', '.join(sorted(taken))}")
        self.mailboxes[address.casefold()] = mailbox
        self._by_name.update(dict.fromkeys(names, mailbox))
        return mailbox

    def add_entry(self, address: str, mailbox_type: str, *, name: str = "") -> Entry:
        """List something that can be written to and is nobody's mailbox. Raises ValueError."""
        if mailbox_type not in OTHER_TYPES:
            raise ValueError(f"no mailbox type {mailbox_type!r}: {', '.join(OTHER_TYPES)}")
        if address.casefold() in self._by_name.keys() | self._others.keys():
            raise ValueError(f"already there: {address}")
        entry = Entry(address, name or address.partition("@")[0].title(), mailbox_type=mailbox_type)
        self._others[address.casefold()] = entry
        return entry

    def entries(self) -> Iterator[Entry]:
        """All that the directory knows: mailboxes, then what else was listed."""
        for mailbox in self.mailboxes.values():
            yield Entry(mailbox.address, mailbox.name, mailbox.aliases)
        yield from self._others.values()

    def remove(self, address: str) -> None:
        """Take a mailbox away, as for a leaver. Raises Unknown."""
        mailbox = self.named(address)
        del self.mailboxes[mailbox.address.casefold()]
        self._by_name = {name: one for name, one in self._by_name.items() if one is not mailbox}

    def named(self, address: str) -> Mailbox:
        """Find by any address or principal name. Raises Unknown."""
        found = self._by_name.get(address.casefold())
        if found is None:
            raise Unknown(f"no mailbox {address!r}")
        return found

    def get(self, address: str) -> Mailbox | None:
        """Find by any address or principal name, or None."""
        return self._by_name.get(address.casefold())

    def owner(self, guid: UUID) -> Mailbox | None:
        """Find the mailbox that an id names, or None."""
        return next((one for one in self.mailboxes.values() if one.guid == guid), None)
