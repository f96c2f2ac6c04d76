"""What a person may say to `./dev serve`, checked before anything is started."""

import argparse
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devtools.azurite import Ports
from devtools.stack.local import PROJECT

FUNCTIONS_PORT, SIMULATOR_PORT = 7071, 7080
STORAGE = PROJECT / ".dev" / "azurite"
USERNAME, PASSWORD = "EXSYNC_SECRET_DEFAULT_USERNAME", "EXSYNC_SECRET_DEFAULT_PASSWORD"
VERSIONS = ("Exchange2010", "Exchange2013", "Exchange2016", "Exchange2019", "ExchangeSE")


class OptionError(Exception):
    """Something is missing or wrong; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """`exchange_url` None: the simulator. `ca` is the PEM text. `notifications_url` None: no real Exchange can push.
    `storage` is Azurite's folder."""

    exchange_url: str | None
    authentication: str
    version: str
    ca: str | None
    notifications_url: str | None
    storage: Path
    fresh: bool

    def host_names(self) -> list[str]:
        """Names besides localhost under which the listener is called, as behind a tunnel."""
        name = urlsplit(self.notifications_url or "").hostname
        return [name] if name else []


def read_options(words: Sequence[str]) -> Options:
    """Read the command line. Raises OptionError."""
    given = _parser().parse_args(words)
    if given.exchange_url is None:
        real_only = [("--ca", given.ca), ("--notifications-url", given.notifications_url)]
        if named := [name for name, value in real_only if value is not None]:
            raise OptionError(f"{', '.join(named)}: only together with --exchange-url; the simulator needs neither.")
    elif missing := [name for name in (USERNAME, PASSWORD) if not os.environ.get(name)]:
        raise OptionError(
            f"--exchange-url needs {' and '.join(missing)} in the environment: the account that may impersonate. "
            f"For example: export {USERNAME}='CONTOSO\\svc-exsync'"
        )
    ca = None if given.ca is None else _pem(given.ca)
    if given.fresh:
        _require_own(given.storage)
    _require_free_ports(with_simulator=given.exchange_url is None)
    return Options(
        given.exchange_url, given.authentication, given.version, ca, given.notifications_url, given.storage, given.fresh
    )


def _pem(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise OptionError(f"--ca {path}: {getattr(error, 'strerror', None) or 'this is no PEM file'}.") from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise OptionError(f"--ca {path}: no certificate in it. Give the authority's certificate as PEM (base64).")
    return text


def _require_own(storage: Path) -> None:
    """`--fresh` removes a folder: only one that Azurite has made."""
    if storage.exists() and any(storage.iterdir()) and not list(storage.glob("__azurite_db_*")):
        raise OptionError(f"--fresh: {storage} holds something else than Azurite's data, so it is not removed.")


def _require_free_ports(*, with_simulator: bool) -> None:
    ports = {"the functions": FUNCTIONS_PORT}
    ports |= {f"Azurite ({name})": port for name, port in Ports.standard().by_service().items()}
    if with_simulator:
        ports["the simulated Exchange"] = SIMULATOR_PORT
    taken = [f"{port} for {part}" for part, port in ports.items() if not _is_free(port)]
    if taken:
        raise OptionError(
            f"These ports of 127.0.0.1 are in use: {', '.join(taken)}. "
            "Another `./dev serve` or another program has them (`ss -ltnp` shows which); stop that and try again."
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers bind: a port that a stopped one left in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./dev serve",
        description="All parts on their usual ports, until Ctrl-C.",
    )
    add = parser.add_argument
    add(
        "--exchange-url",
        metavar="URL",
        help="a real Exchange: https://host/EWS/Exchange.asmx (without it: the simulator)",
    )
    add("--authentication", choices=["ntlm", "basic"], default="ntlm", help="how to sign in there (default: ntlm)")
    add("--version", choices=VERSIONS, default="Exchange2016", help="which Exchange it is (default: Exchange2016)")
    add("--ca", type=Path, metavar="FILE", help="PEM file of a private certificate authority")
    add(
        "--notifications-url",
        metavar="URL",
        help="where that Exchange reaches this machine's listener, by a tunnel: https://…/api/ews/notifications",
    )
    add("--storage", type=Path, metavar="DIR", default=STORAGE, help="where data is kept (default: .dev/azurite)")
    add("--fresh", action="store_true", help="begin with empty storage")
    return parser
