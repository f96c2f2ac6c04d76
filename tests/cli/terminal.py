"""`exsync` at a terminal of a test: a group of commands, run on the application itself in the test's own loop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import typer
from typer.testing import CliRunner

from cli.remote import Refused, Remote
from cli.session import Session
from http_api.app import create_app
from shared.ports import World

URL = "http://127.0.0.1:7071/api"


class InThisLoop(httpx.BaseTransport):
    """Lets the command, which waits in a thread of its own, call the application of the test's loop."""

    def __init__(self, world: Callable[[], World]) -> None:
        async def source() -> World:
            return world()

        self._application = httpx.ASGITransport(create_app(source))
        self._loop = asyncio.get_running_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        answer = await self._application.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def session_on(world: Callable[[], World], *, as_json: bool = False) -> Session:
    """What the options before a command say; behind the URL is the application on the world as it is at each call."""
    return Session(Remote(URL, "", transport=InThisLoop(world)), as_json=as_json)


@dataclass(frozen=True)
class Ended:
    """How a command ended. `said`: all that a person sees, in order; `complaint`: what went to standard error."""

    status: int
    out: str
    complaint: str
    said: str


async def run(group: typer.Typer, session: Session, *words: str, answers: str = "", columns: int = 200) -> Ended:
    """Run a command of the group. A refusal ends it with its text, as `cli.__main__.main` would show it."""
    runner = CliRunner(env={"COLUMNS": str(columns)})
    result = await asyncio.to_thread(runner.invoke, group, words, obj=session, input=answers)
    if result.exception and not isinstance(result.exception, (SystemExit, Refused)):
        raise result.exception
    refusal = str(result.exception) if isinstance(result.exception, Refused) else ""
    return Ended(result.exit_code, result.stdout, result.stderr + refusal, result.output + refusal)
