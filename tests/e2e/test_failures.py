"""What fails is seen in one list, with the server's own ids, explained, tried again, and gone once it is mended."""

import asyncio
import json

from devtools.exchange_simulator.simulator import DEFAULT_USER
from devtools.stack import until
from tests.e2e.office import LIMIT, Office, Person, exsync


async def listed(office: Office, operator: str) -> list[dict[str, str]]:
    """The failing collection and subscription of an operator, out of the list of all."""
    status, text, complaint = await exsync(office, "--json", "failures", "list")
    assert status == 0, complaint
    return [each for each in json.loads(text) if each["operator_id"] == operator]


async def test_a_failure_is_listed_with_the_servers_ids_and_closes_itself(office: Office, alice: Person) -> None:
    alice.gets("for alice")
    alice.exchange.allow_impersonation(DEFAULT_USER, ["nobody@contoso.example"])
    try:
        await alice.switch_on(until_live=False)
        await alice.until_failing("impersonation-denied")

        async def entries() -> list[dict[str, str]]:
            return await listed(office, alice.operator)

        failing = await until(entries, lambda found: len(found) == 2, what="both in the list", within=LIMIT)
        assert {each["kind"] for each in failing} == {"email", "subscription"}
        assert "X-FEServer=SIMULATOR" in failing[0]["request_ids"][0]
        assert "request-id=" in failing[0]["request_ids"][0]
        _, text, _ = await exsync(office, "--json", "failures", "summary")
        assert "impersonation-denied" in {group["code"] for group in json.loads(text)}
        _, text, _ = await exsync(office, "failures", "explain", failing[0]["exchange_code"])
        assert "ApplicationImpersonation" in text
        for each in failing:
            assert (await exsync(office, "failures", "retry", each["id"]))[0] == 0
    finally:
        alice.exchange.allow_impersonation(DEFAULT_USER, None)
    for each in failing:
        status, _, complaint = await exsync(office, "failures", "retry", each["id"])
        assert status == 0 or "failure-unknown" in complaint  # the one before may have mended it already
    await alice.until_subjects("for alice")
    await until(entries, lambda found: not found, what="nothing in the list", within=LIMIT)
    _, text, _ = await exsync(office, "--json", "status", "--all")
    assert alice.operator in text


async def test_the_lines_of_all_operators_come_in_pages(office: Office, alice: Person, bob: Person) -> None:
    await asyncio.gather(alice.switch_on(), bob.switch_on())
    names, after = [], ""
    while True:
        page = (await office.application.ask("GET", "status", params={"limit": "1", "after": after})).json()
        names += [line["operator_id"] for line in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert {alice.operator, bob.operator} <= set(names)
    assert names == sorted(names)
