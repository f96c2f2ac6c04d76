"""`./dev serve [--exchange-url URL …] [--fresh]`: everything on the documented ports until Ctrl-C."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import suppress

import httpx
from rich.console import Console
from rich.markup import escape

from devtools.azurite import Azurite, Ports
from devtools.demo.office import furnish
from devtools.exchange_simulator.simulator import ExchangeSimulator
from devtools.serve.options import (
    FUNCTIONS_PORT,
    PASSWORD,
    SIMULATOR_PORT,
    OptionError,
    Options,
    read_options,
)
from devtools.serve.welcome import welcome
from devtools.stack import Application, Refused, Stack, StackError
from devtools.stack.interrupts import Interrupted, run


def main() -> int:
    out = Console(soft_wrap=True)
    try:
        return run(_serve(out, read_options(sys.argv[1:])))
    except Refused as refused:
        out.print(f"[red]The settings were not accepted.[/red] {escape(str(refused))}", highlight=False)
    except (OptionError, StackError) as error:
        out.print(f"[red]{escape(str(error))}[/red]", highlight=False)
    except Interrupted:
        return 130
    return 1


async def _serve(out: Console, options: Options) -> int:
    if options.fresh:
        shutil.rmtree(options.storage, ignore_errors=True)
    options.storage.mkdir(parents=True, exist_ok=True)
    log = options.storage.with_name("functions.log")
    exchange = ExchangeSimulator(port=SIMULATOR_PORT) if options.exchange_url is None else None
    if exchange is not None:
        furnish(exchange, None)
    stack = Stack(
        exchange,
        azurite=Azurite(ports=Ports.standard(), location=options.storage),
        functions_port=FUNCTIONS_PORT,
        settings=_settings(options),
        arguments=[word for name in options.host_names() for word in ("--host-name", name)],
        log=log,
    )
    async with stack:
        await _configure(stack, options)
        operators = await _look_after_operators(stack)
        out.print(welcome(stack, options, operators, log=log), highlight=False)
        with suppress(asyncio.CancelledError):  # Ctrl-C is how this ends
            status = await stack.host.wait()
            out.print(f"[red]The functions have ended with status {status}; the end of their log is in {log}.[/red]")
            return 1
        out.print("Stopping …")
    return 0


def _settings(options: Options) -> dict[str, str]:
    """What `exsync trust add` stores lives with the other data; `--fresh` begins without it."""
    folder = {"EXSYNC_SECRETS_FOLDER": str(options.storage.absolute() / "secrets")}
    return folder if options.ca is None else {**folder, "EXSYNC_SECRET_EXCHANGE_TRUST": options.ca}


async def _configure(stack: Stack, options: Options) -> None:
    if options.exchange_url is None:
        await stack.configure()
    else:
        await _configure_real(stack.application, options, options.exchange_url)


async def _configure_real(application: Application, options: Options, url: str) -> None:
    connection = {"url": url, "version": options.version, "authentication": options.authentication}
    mode = {"mode": "poll"}
    if options.notifications_url is not None:
        mode = {"mode": "push", "url": options.notifications_url}
    patch = {"connections": {"default": connection}, "notifications": mode, "email": {"enabled": True}}
    try:
        await application.configure(patch)
    except Refused as refused:
        if refused.code != "secret-not-confirmed":
            raise
        # An earlier run sent the password elsewhere; who starts this one knows it, and so confirms the new host.
        await application.configure(patch, secret=os.environ[PASSWORD])


async def _look_after_operators(stack: Stack) -> list[str]:
    """Have the subscriptions of an earlier run made anew, since the listener's key is another now; the operators' ids."""
    operators = [operator["operator_id"] for operator in await stack.application.operators()]
    async with httpx.AsyncClient(base_url=stack.host.url, timeout=60, trust_env=False) as client:
        for operator_id in operators:
            task = {"task": "subscription", "operator_id": operator_id}
            await client.post("/admin/functions/queue_shards", json={"input": json.dumps(task)})
    return operators


if __name__ == "__main__":
    sys.exit(main())
