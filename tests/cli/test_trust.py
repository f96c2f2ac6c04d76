"""`exsync trust` on the application itself: what a person reads, what a program reads, and who is asked for a password."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from cli.session import Session
from cli.trust import trust
from shared.adapters.certificates import TlsCertificates
from shared.adapters.memory.certificates import MemoryCertificates
from shared.model.trust import Offer
from tests.adapters.making_certificates import DAY, NOW, make, tls_server
from tests.cli.terminal import run, session_on
from tests.flows.office import Office

AUTHORITY = make("Contoso CA", authority=True)
SERVER = make("localhost", by=AUTHORITY)
SOON = make("Old CA", authority=True, ends=NOW + 20 * DAY)
PFX = pkcs12.serialize_key_and_certificates(
    None, SERVER.key, SERVER.certificate, None, BestAvailableEncryption("Grüße".encode())
)


@dataclass
class Terminal:
    """An administrator's terminal."""

    office: Office
    session: Session

    async def run(self, *words: str, answers: str = "") -> tuple[int, str]:
        """Run `exsync trust …`; its exit status, and all that was printed or complained of."""
        ended = await run(trust, self.session, *words, answers=answers, columns=60)
        return ended.status, ended.said


@pytest_asyncio.fixture
async def terminal() -> AsyncIterator[Terminal]:
    office = Office(clock=NOW)
    office.certificates = TlsCertificates()  # type: ignore[assignment]
    yield Terminal(office, session_on(office.world))


def spaced(fingerprint: str) -> str:
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


async def test_a_file_is_added_listed_and_removed(terminal: Terminal, tmp_path: Path) -> None:
    assert await terminal.run("list") == (0, "Only the system's authorities are trusted.\n")
    file = tmp_path / "ca.cer"
    file.write_bytes(AUTHORITY.der)
    assert (await terminal.run("add", str(file), "--dry-run"))[0] == 0
    assert "exchange-trust" not in terminal.office.secrets.values
    status, said = await terminal.run("add", str(file))
    assert (status, f"added: CN=Contoso CA  SHA-256 {spaced(AUTHORITY.sha256)}" in said) == (0, True)
    assert "known: CN=Contoso CA" in (await terminal.run("add", str(file)))[1]
    status, said = await terminal.run("list")
    assert all(each in said for each in ("CN=Contoso CA", spaced(AUTHORITY.sha256), "365 days left", "an authority"))
    assert await terminal.run("remove", spaced(AUTHORITY.sha256)) == (0, "")
    status, said = await terminal.run("remove", spaced(AUTHORITY.sha256))
    assert (status, "certificate-unknown" in said) == (1, True)


async def test_what_expires_soon_is_marked_and_programs_read_json(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "old.pem").write_text(SOON.pem)
    terminal.session.as_json = True
    assert json.loads((await terminal.run("add", str(tmp_path / "old.pem")))[1])["added"][0]["sha256"] == SOON.sha256
    assert json.loads((await terminal.run("list"))[1])[0]["warning"]["code"] == "certificate-expiring"
    terminal.session.as_json = False
    assert "certificate-expiring" in (await terminal.run("list"))[1]


@pytest.mark.parametrize("way", ["file", "environment"])
async def test_a_script_gives_the_password_without_a_terminal(
    terminal: Terminal, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mail.pfx").write_bytes(PFX)
    (tmp_path / "password").write_text("Grüße\n")
    words = ["add", str(tmp_path / "mail.pfx")]
    status, said = await terminal.run(*words)
    assert (status, "trust-password-needed" in said, "--password-file" in said) == (1, True, True)
    if way == "file":
        words += ["--password-file", str(tmp_path / "password")]
    else:
        monkeypatch.setenv("EXSYNC_TRUST_PASSWORD", "Grüße")
    assert (await terminal.run(*words))[0] == 0
    assert terminal.office.secrets.values["exchange-trust"] == SERVER.pem


async def test_a_file_that_is_not_there_is_named(terminal: Terminal, tmp_path: Path) -> None:
    status, said = await terminal.run("add", str(tmp_path / "nothing.pem"))
    assert (status, "No such file" in said) == (1, True)


async def test_a_servers_chain_is_shown_and_its_top_added_only_after_a_yes(terminal: Terminal) -> None:
    async with tls_server(SERVER, AUTHORITY) as (port, said_to_it):
        url = f"https://localhost:{port}"
        status, said = await terminal.run("fetch", url)
        assert status == 0
        for words in ("CN=localhost", "CN=Contoso CA", spaced(SERVER.sha256), "certificate-untrusted"):
            assert words in said
        status, said = await terminal.run("fetch", url, "--add", answers="n\n")
        assert (status, "Nothing was changed" in said) == (1, True)
        assert "exchange-trust" not in terminal.office.secrets.values
        status, said = await terminal.run("fetch", url, "--add", answers="y\n")
        assert (status, terminal.office.secrets.values["exchange-trust"]) == (0, AUTHORITY.pem)
        assert "trusted as localhost" in (await terminal.run("fetch", url, "--add", "--yes"))[1]
        terminal.session.as_json = True
        document = json.loads((await terminal.run("fetch", url, "--add", "--yes"))[1])
        assert (document["trusted"], [each["sha256"] for each in document["known"]]) == (True, [AUTHORITY.sha256])
    assert not said_to_it


async def test_a_fingerprint_is_shown_as_it_is_though_parts_of_it_are_names_of_emoji(terminal: Terminal) -> None:
    certificates = MemoryCertificates()
    (own,) = await certificates.read(SERVER.der, "")
    own = replace(own, sha256="ab" * 32, sha1="cd" * 20)
    certificates.offers["localhost", 443] = Offer((own,), "certificate-untrusted", "localhost: unknown issuer")
    terminal.office.certificates = certificates
    _, said = await terminal.run("fetch", "https://localhost")
    assert spaced("ab" * 32) in said


async def test_a_certificates_names_cannot_repaint_the_terminal(terminal: Terminal) -> None:
    hostile = make("mail[red]\x1b[2J\rSHA-256")
    async with tls_server(hostile) as (port, _):
        status, said = await terminal.run("fetch", f"https://localhost:{port}")
        asked = (await terminal.run("fetch", f"https://localhost:{port}", "--add", answers="n\n"))[1]
    assert (status, "mail[red]" in said, "mail[red]" in asked) == (0, True, True)
    assert "\x1b" not in said + asked
    assert "\r" not in said + asked
