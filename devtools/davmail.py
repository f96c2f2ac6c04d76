"""DavMail, a gateway from IMAP, SMTP, CalDAV and CardDAV to EWS, as a child process on loopback with free ports.

`with DavMail(ews_url, folder):` gives a running one; `folder` gets its settings and its log. It is the Debian package
`davmail-server` (https://davmail.sourceforge.net/), here for the tests alone; each user signs in with Basic.
"""

import shutil
import socket
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from devtools.child import NotReady, end, end_with_parent, wait_until_ready

PROGRAM = Path("/usr/share/davmail/davmail.jar")
INSTALL = "apt-get install davmail-server"
LOOPBACK = "127.0.0.1"
READY_WITHIN = timedelta(seconds=90)
STOP_WITHIN = timedelta(seconds=10)
_SETTINGS = {
    "davmail.server": "true",
    "davmail.mode": "EWS",
    "davmail.bindAddress": LOOPBACK,
    "davmail.allowRemote": "false",
    "davmail.disableUpdateCheck": "true",
    "davmail.enableProxy": "false",
    "davmail.useSystemProxies": "false",
    "davmail.popPort": "",
    "davmail.ldapPort": "",
    # Only what the client itself asks for is deleted or kept: nothing goes because it is old.
    "davmail.keepDelay": "0",
    "davmail.sentKeepDelay": "0",
    "davmail.caldavPastDelay": "0",
    "davmail.imapAutoExpunge": "false",
    "davmail.smtpSaveInSent": "true",
    "davmail.caldavAutoSchedule": "true",
    "log4j.rootLogger": "WARN",
    "log4j.logger.davmail": "DEBUG",
}


class DavMailError(Exception):
    """DavMail could not be started; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the gateway listens; CalDAV and CardDAV share a port."""

    imap: int
    smtp: int
    caldav: int


class DavMail:
    """One DavMail process before one EWS URL."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self.ports = _free_ports()
        self.log = folder / "davmail.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once every port accepts. Raises DavMailError, and leaves nothing."""
        java, missing = shutil.which("java"), why_missing()
        if java is None or missing:
            raise DavMailError(missing)
        settings = self._folder / "davmail.properties"
        settings.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        with (self._folder / "output.txt").open("wb") as output:
            # A session of its own: Ctrl-C goes to the program that uses DavMail, which stops it.
            self._process = subprocess.Popen(
                [java, "-Djava.awt.headless=true", "-Xmx256m", "-jar", str(PROGRAM), "-server", str(settings)],
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        try:
            ports = (self.ports.imap, self.ports.smtp, self.ports.caldav)
            wait_until_ready(self._process, ports, _accepts, within=READY_WITHIN)
        except NotReady as reason:
            self.stop()
            raise DavMailError(f"DavMail {reason}; its words are in {self._folder}.") from None
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process that `start` began."""
        process, self._process = self._process, None
        if process is not None:
            end(process, within=STOP_WITHIN)

    def _settings(self) -> dict[str, str]:
        return {
            **_SETTINGS,
            "davmail.url": self._url,
            "davmail.imapPort": str(self.ports.imap),
            "davmail.smtpPort": str(self.ports.smtp),
            "davmail.caldavPort": str(self.ports.caldav),
            "davmail.logFilePath": str(self.log),
            "davmail.logFileSize": "20MB",
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def why_missing() -> str:
    """Say what keeps DavMail from running on this machine; empty when nothing does."""
    if not PROGRAM.exists() or shutil.which("java") is None:
        return f"DavMail is not installed here. On Debian and Ubuntu: {INSTALL}"
    return ""


def _free_ports() -> Ports:
    """Find three ports that nothing listens on now. They are held open together, so that they differ."""
    probes = [socket.create_server((LOOPBACK, 0)) for _ in range(3)]
    try:
        return Ports(*(probe.getsockname()[1] for probe in probes))
    finally:
        for probe in probes:
            probe.close()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
    except OSError:
        return False
    return True
