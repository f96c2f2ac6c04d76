"""`./dev serve` as a new user tries it: with an Exchange that is there already, on the documented ports."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from devtools.exchange_simulator.simulator import DEFAULT_PASSWORD, DEFAULT_USER
from devtools.serve.options import PASSWORD, USERNAME, OptionError, read_options
from devtools.stack import Application, until
from tests.e2e.office import Office, Person

PROJECT = Path(__file__).resolve().parents[2]
PORTS = (7071, 10000, 10001, 10002)
ACCOUNT = {USERNAME: DEFAULT_USER, PASSWORD: DEFAULT_PASSWORD}


def in_use() -> bool:
    """Whether somebody serves here already."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
    return False


@asynccontextmanager
async def serve(*words: str, environment: Mapping[str, str]) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run it until it says that it is up; what it said so far. Ctrl-C at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devtools.serve", *words),
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = ""
    while "4." not in said and (line := await process.stdout.readline()):
        said += line.decode()
    try:
        yield said, process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


@pytest.mark.skipif(in_use(), reason="the documented ports are in use")
async def test_serve_works_with_an_exchange_that_is_there_already(
    office: Office, people: Callable[[str], Person], tmp_path: Path
) -> None:
    alice = people("alice")
    alice.gets("in a real mailbox")

    async with serve(
        "--exchange-url", office.exchange.url, "--storage", str(tmp_path / "azurite"), environment=ACCOUNT
    ) as (said, process):
        assert "polled every five minutes" in said, said
        assert office.exchange.url in said
        async with Application("http://127.0.0.1:7071") as application:
            await application.put_operator("me", alice.mailbox)
            emails = await until(lambda: application.emails("me"), what="the window", within=timedelta(seconds=30))
            assert [email["subject"] for email in emails] == ["in a real mailbox"]
            status = await until(
                lambda: application.status("me"), lambda seen: seen["state"] == "polling", what="polling"
            )
            assert status["reason"] == "notifications.mode is poll"

    assert process.returncode == 0
    assert not in_use()


def test_fresh_removes_nothing_that_azurite_has_not_made(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear to somebody")

    with pytest.raises(OptionError, match="not removed"):
        read_options(["--fresh", "--storage", str(tmp_path)])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--exchange-url", "https://mail.example.com/EWS/Exchange.asmx"], USERNAME),
        (["--ca", "/does/not/exist"], "--exchange-url"),
        (["--notifications-url", "https://x.example/api/ews/notifications"], "--exchange-url"),
    ],
)
def test_what_is_missing_is_said(words: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(USERNAME, raising=False)

    with pytest.raises(OptionError, match=complaint):
        read_options(words)
