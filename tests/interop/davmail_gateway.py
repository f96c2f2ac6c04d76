"""An organisation behind a running DavMail, and the people who sign in to it, each with a mailbox and a password."""

import imaplib
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import httpx

from devtools.davmail import LOOPBACK, Ports
from devtools.exchange_simulator import ExchangeSimulator

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox of their own, who knows nothing of EWS."""

    address: str
    password: str
    ports: Ports

    @contextmanager
    def imap(self) -> Iterator[imaplib.IMAP4]:
        """Sign in to IMAP."""
        with imaplib.IMAP4(LOOPBACK, self.ports.imap, timeout=60) as session:
            session.login(self.address, self.password)
            yield session

    @contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        """Sign in to SMTP."""
        with smtplib.SMTP(LOOPBACK, self.ports.smtp, timeout=60) as session:
            session.login(self.address, self.password)
            yield session

    @contextmanager
    def dav(self, collection: str) -> Iterator[httpx.Client]:
        """Open a collection of the mailbox, `calendar` or `contacts`, over CalDAV or CardDAV."""
        home = f"http://{LOOPBACK}:{self.ports.caldav}/users/{self.address}/{collection}/"
        with httpx.Client(base_url=home, auth=(self.address, self.password), timeout=60) as session:
            yield session


@dataclass(frozen=True, slots=True)
class Gateway:
    """The simulator, and where DavMail listens for it."""

    exchange: ExchangeSimulator
    ports: Ports

    def person(self, name: str) -> Person:
        """Let somebody join whom DavMail has never seen; it would keep what it knows of a mailbox."""
        found = Person(f"{name}-{next(_numbers)}@contoso.example", f"{name}'s own", self.ports)
        self.exchange.add_mailbox(found.address).time_zone = "W. Europe Standard Time"
        self.exchange.add_user(found.address, found.password)
        return found
