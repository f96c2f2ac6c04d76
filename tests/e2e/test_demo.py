"""`./dev demo` as a person runs it: its exit status, its words, and nothing left running."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.office import message

PROJECT = Path(__file__).resolve().parents[2]


async def demo(*words: str) -> tuple[int, str]:
    """Run the demo; its exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "devtools.demo", *words),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def test_the_demo_imports_an_mbox_and_shows_that_everything_is_where_it_belongs(tmp_path: Path) -> None:
    mail = [message(f"Number {number} of the mbox") for number in range(3)]
    mbox = tmp_path / "mail.mbox"
    mbox.write_bytes(b"".join(b"From dana Mon Jan  1 00:00:00 2001\n" + one.as_bytes() + b"\n" for one in mail))

    status, printed = await demo("--mail", str(mbox))

    assert status == 0, printed
    assert "Everything is where it belongs" in printed
    for subject in ("Number 0 of the mbox", "Number 2 of the mbox", "Purchase order 815"):
        assert subject in printed
    assert "Charlie: off" in printed
    assert "item-corrupt" in printed


@pytest.mark.parametrize("path", ["/does/not/exist", str(PROJECT / "shared"), str(PROJECT / "pyproject.toml")])
async def test_a_path_without_mail_is_a_clear_error(path: str) -> None:
    status, printed = await demo("--mail", path)

    assert status == 1
    assert path in printed.replace("\n", "")
    assert "Traceback" not in printed
