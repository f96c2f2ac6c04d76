"""`exsync failures` and `exsync status` on the application itself: what a person reads, and what a program."""

import json

import pytest
import typer

from cli.__main__ import app
from cli.failures import failures
from shared.errors import Reconfigure
from shared.model.exchange import Mailbox
from shared.model.failures import REGISTRY
from tests.cli import terminal
from tests.flows.office import Office
from tests.flows.test_failure_index import Refusing, fail, working_office
from tests.flows.test_failures import write_many


async def run(office: Office, *words: str, as_json: bool = False, of: typer.Typer = failures) -> tuple[int, str, str]:
    """Run `exsync failures …`; exit status, standard output and standard error."""
    ended = await terminal.run(of, terminal.session_on(office.world, as_json=as_json), *words)
    return ended.status, ended.out, ended.complaint


def only(command: str) -> typer.Typer:
    """One command of `exsync` without the options before it, which would make a session of their own."""
    found = next(each for each in app.registered_commands if each.callback and each.callback.__name__ == command)
    alone = typer.Typer()
    assert found.callback is not None
    alone.command()(found.callback)
    return alone


async def failing_office() -> Office:
    office = await working_office()
    office.exchange.before = Refusing()
    await fail(office)
    return office


async def test_all_that_fails_is_a_table_with_who_can_mend_it() -> None:
    _, text, _ = await run(await failing_office(), "list")
    assert "alice:email" in text
    assert "impersonation-denied" in text
    assert "Exchange administrator" in text


async def test_programs_get_all_of_it() -> None:
    _, text, _ = await run(await failing_office(), "list", as_json=True)
    (item,) = json.loads(text)
    assert item["request_ids"] == ["client-request-id=1"]


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--operator", "alice"), 1),
        (("--code", "mailbox-full"), 0),
        (("--owner", "Exchange"), 1),
        (("--kind", "subscription"), 0),
        (("--connection", "default"), 1),
    ],
)
async def test_the_list_is_narrowed_as_asked(words: tuple[str, ...], count: int) -> None:
    _, text, _ = await run(await failing_office(), "list", *words, as_json=True)
    assert len(json.loads(text)) == count


async def test_an_empty_list_says_that_nothing_fails() -> None:
    office = await working_office()
    assert await run(office, "list") == (0, "", "Nothing fails just now.\n")
    assert await run(office, of=only("status")) == (0, "", "Nothing fails just now.\n")
    assert await run(await failing_office(), "list", "--code", "mailbox-full") == (
        0,
        "",
        "Nothing of what is asked for fails just now.\n",
    )


async def test_a_servers_words_are_shown_as_they_are_and_the_remedy_in_one_line() -> None:
    async def odd(_: str, __: Mailbox) -> None:
        raise Reconfigure("mailbox-unknown", "the server says [/red] and [bold]")

    office = await working_office()
    office.exchange.before = odd
    await fail(office)
    _, text, _ = await run(office, "alice", of=only("status"))
    assert "the server says [/red] and [bold]\n" in text
    assert f"→ {REGISTRY['mailbox-unknown'].remedy}\n" in text


async def test_a_long_list_ends_somewhere_and_says_so() -> None:
    office = Office()
    write_many(office, 300)
    _, text, complaint = await run(office, "list", "--limit", "50", as_json=True)
    assert len(json.loads(text)) == 50
    assert "more than these 50" in complaint


async def test_what_fails_is_summed_up_the_largest_group_first() -> None:
    office = Office()
    write_many(office, 299)
    _, text, _ = await run(office, "summary", as_json=True)
    groups = json.loads(text)
    counts = [group["count"] for group in groups]
    assert (sum(counts), counts) == (299, sorted(counts, reverse=True))
    assert groups[0]["remedy"]
    _, table, _ = await run(office, "summary")
    assert "exchange-unreachable" in table


async def test_another_try_can_be_asked_for() -> None:
    office = await failing_office()
    status, _, told = await run(office, "retry", "alice:email")
    assert (status, told) == (0, "Asked for; `exsync status alice` shows how it goes.\n")
    assert await office.sync() == "failed"
    status, _, complaint = await run(office, "retry", "alice:subscription")
    assert (status, "failure-unknown" in complaint) == (1, True)


async def test_the_status_without_an_operator_is_what_is_not_well() -> None:
    office = await failing_office()
    _, text, _ = await run(office, of=only("status"))
    assert "alice:email" in text
    _, text, _ = await run(office, "--all", of=only("status"))
    assert "failing" in text
    _, text, _ = await run(office, "--all", as_json=True, of=only("status"))
    assert [line["operator_id"] for line in json.loads(text)] == ["alice"]
    _, text, _ = await run(office, "alice", of=only("status"))
    assert "New-ManagementRoleAssignment" in text
    _, text, _ = await run(await working_office(), as_json=True, of=only("status"))
    assert json.loads(text) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("impersonation-denied",), "impersonation-denied"),
        (("ErrorImpersonateUserDenied",), "impersonation-denied"),
        (("AADSTS7000215",), "client-secret-wrong"),
        (("HTTP", "403"), "access-blocked"),
        (("HTTP 403",), "ews-blocked"),
        (("SecretDisabled",), "secret-disabled"),
    ],
)
async def test_our_codes_and_those_of_others_are_explained_without_an_app(words: tuple[str, ...], code: str) -> None:
    status, text, _ = await run(Office(), "explain", *words)
    assert status == 0
    assert code in text
    _, text, _ = await run(Office(), "explain", *words, as_json=True)
    assert code in [entry["code"] for entry in json.loads(text)]


async def test_a_code_of_nobody_is_refused() -> None:
    status, _, complaint = await run(Office(), "explain", "nonsense")
    assert (status, "catalogue" in complaint) == (1, True)


async def test_the_catalogue_has_every_failure_with_what_leads_to_it() -> None:
    _, text, _ = await run(Office(), "catalogue", as_json=True)
    entries = {entry["code"]: entry for entry in json.loads(text)}
    assert set(entries) == set(REGISTRY)
    assert {"origin": "entra", "name": "7000222", "when": ""} in entries["client-secret-expired"]["comes_of"]
    _, table, _ = await run(Office(), "catalogue")
    assert "impersonation-denied" in table


async def test_an_item_that_cannot_be_read_is_among_the_items() -> None:
    assert (await run(await failing_office(), "items", "alice", as_json=True))[1].strip() == "[]"
