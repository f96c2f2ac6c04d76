"""What `./dev serve` says once everything is up: where things are, and what to do next."""

from collections.abc import Sequence
from pathlib import Path

from devtools.demo.sample_mail import ALICE, CHARLIE
from devtools.serve.options import Options
from devtools.stack import Stack

_EXSYNC = "./dev exsync"


def welcome(stack: Stack, options: Options, operators: Sequence[str], *, log: Path) -> str:
    """The text."""
    api = f"{stack.host.url}/api"
    lines = [
        "Exchange CRM Sync is up; Ctrl-C ends it.",
        "",
        f"  API             {api}",
        f"  documentation   {api}/docs",
        f"  listener        {stack.listener_url}/{{key}}",
        f"  Azurite         ports {', '.join(map(str, stack.azurite.ports.by_service().values()))}; data in {options.storage}",
        f"  log             {log}",
    ]
    if options.exchange_url is None:
        lines += _simulated(stack, api, operators)
    else:
        lines += _real(options, api)
    return "\n".join(lines).replace("[", "\\[")


def _simulated(stack: Stack, api: str, operators: Sequence[str]) -> list[str]:
    exchange = stack.exchange
    lines = [
        f"  Exchange (EWS)  {exchange.url}",
        f"  its control     {exchange.control}",
        "",
        f"The simulated Exchange has the mailboxes {ALICE} to {CHARLIE} with a few messages. Next:",
        "",
        "  1. Switch Alice on:",
        f"     {_EXSYNC} operators set alice --mailbox {ALICE} --email",
        "  2. See how it goes, and what the application holds:",
        f"     {_EXSYNC} status alice",
        f"     curl {api}/operators/alice/emails",
        "  3. Let a message arrive, and look again:",
        f"     printf 'From: dana@customer.example\\nSubject: Hello\\n\\nHi.' | curl --data-binary @- {exchange.control}"
        f"/mailboxes/{ALICE}/deliver",
        f"     curl '{api}/operators/alice/changes?kind=email'",
        f"     {_EXSYNC} why Hello --operator alice",
    ]
    if operators:
        lines += [
            "",
            f"Storage has operators of an earlier run: {', '.join(operators)}. The simulator has forgotten what it had then,",
            "so the application will take that mail for deleted, or hold it under the brake. `--fresh` begins anew.",
        ]
    return lines


def _real(options: Options, api: str) -> list[str]:
    lines = [f"  Exchange (EWS)  {options.exchange_url}", ""]
    if options.notifications_url is None:
        lines += [
            "Exchange cannot reach this machine's loopback, so mailboxes are polled every five minutes (notifications.mode is",
            "poll). With a tunnel to port 7071, give its address as --notifications-url, and Exchange pushes.",
        ]
    else:
        lines += [f"Exchange is told to push to {options.notifications_url}."]
    return [
        *lines,
        "Next:",
        "",
        "  1. See that Exchange answers and takes the account:",
        f"     {_EXSYNC} doctor",
        "  2. Switch a mailbox on that the account may impersonate:",
        f"     {_EXSYNC} operators set me --mailbox me@example.com --email",
        "  3. See how it goes (what fails is named with its remedy), and what the application holds:",
        f"     {_EXSYNC} status me",
        f"     curl {api}/operators/me/emails",
        "  4. Do not wait for the next poll:",
        f"     {_EXSYNC} sync me",
    ]
