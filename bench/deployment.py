"""The whole app as it runs: the local runtime in a process of its own, Azurite, and the simulated Exchange."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bench.exchange_process import PASSWORD, USER, ExchangeProcess
from devtools.stack import Stack, until

LISTENER = {"EXSYNC_SECRET_LISTENER_KEY": "a listener key of the measurements, not a secret"}
QUIET = ["--log-level", "error"]
_SETTINGS = {**LISTENER, "EXSYNC_SECRET_DEFAULT_USERNAME": USER, "EXSYNC_SECRET_DEFAULT_PASSWORD": PASSWORD}


@asynccontextmanager
async def deployment(exchange: ExchangeProcess, **settings: Any) -> AsyncIterator[Stack]:
    """A running app with email and push on for that Exchange; `settings` are more parts of the settings document."""
    connection = {"url": exchange.url, "version": "Exchange2016", "authentication": "basic"}
    async with Stack(None, settings=_SETTINGS, arguments=QUIET) as stack:
        await stack.application.configure(
            {
                "connections": {"default": connection},
                "notifications": {"mode": "push", "url": stack.listener_url},
                "email": {"enabled": True},
                **settings,
            }
        )
        yield stack


async def switch_on(stack: Stack, exchange: ExchangeProcess, addresses: Sequence[str]) -> dict[str, str]:
    """Put an operator for each mailbox and wait until all are synchronised and subscribed; listener URLs by address."""
    for address in addresses:
        await stack.application.put_operator(operator_id(address), address)
    await stack.host.wait_idle(within=timedelta(seconds=120))
    for address in addresses:
        await synchronised(stack, address)

    async def listeners() -> dict[str, str]:
        return {one["mailbox"]: one["url"] for one in exchange.do("GET", "/subscriptions") if not one["ended"]}

    return await until(
        listeners, lambda found: set(addresses) <= set(found), what="all mailboxes are subscribed", every=0.2
    )


async def synchronised(stack: Stack, address: str, *, within: int = 60) -> dict[str, Any]:
    """Wait for the first complete sync of a mailbox; its status. Raises RuntimeError where it fails."""

    async def status() -> dict[str, Any]:
        return await stack.application.status(operator_id(address))

    def ended(seen: dict[str, Any]) -> bool:
        return bool(seen["last_sync_at"] or seen["failure"])

    found = await until(status, ended, what=f"{address} is read", within=timedelta(seconds=within), every=0.2)
    if found["failure"]:
        raise RuntimeError(f"{address} fails: {found['failure']}")
    return found


def operator_id(address: str) -> str:
    """The operator's id: what is before the @."""
    return address.partition("@")[0]
