"""`exsync doctor` over the running app: all is well, and one broken part is found with what mends it."""

import json
from typing import Any

from tests.e2e.conftest import Configured
from tests.e2e.office import Office, Person, exsync


async def doctor(office: Office, *words: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Exit status, the whole answer, and each check's state."""
    status, text, complaint = await exsync(office, "--json", "doctor", *words)
    assert not complaint
    answer = json.loads(text)
    return status, answer, {each["name"]: each["state"] for each in answer["checks"]}


async def test_where_all_is_well_the_doctor_says_so(office: Office, alice: Person) -> None:
    await alice.switch_on()
    status, answer, states = await doctor(office, "--operator", alice.operator)
    assert (status, answer["first"]) == (0, None)
    assert {name: state for name, state in states.items() if state == "failed"} == {}
    for name in (
        "app: key",
        "queues",
        "clock of storage",
        "queues moving",
        "listener",
        "default clock",
        "default push",
    ):
        assert states[name] == "ok", name
    status, text, _ = await exsync(office, "doctor", "--operator", alice.operator)
    assert (status, "✓  default impersonation" in text, "No check fails." in text) == (0, True, True)


async def test_what_is_broken_is_said_last_with_what_to_do_first(
    office: Office, alice: Person, configured: Configured
) -> None:
    async with configured(notifications={"url": f"{office.stack.host.url}/api/somewhere-else"}):
        status, answer, states = await doctor(office)
        assert (status, answer["first"]["name"]) == (1, "listener")
        assert (answer["first"]["code"], states["default push"]) == ("listener-not-ours", "not_tried")
        status, text, _ = await exsync(office, "doctor")
    assert status == 1
    last = text.partition("What to do first")[2]
    assert "listener-not-ours" in last
    assert "Correct `notifications.url`" in last


async def test_an_operator_that_there_is_not_is_refused(office: Office) -> None:
    status, _, complaint = await exsync(office, "doctor", "--operator", "nobody")
    assert (status, "there is no operator nobody" in complaint) == (1, True)
