"""Who was forgotten is let in again: what comes from then on is kept, older mail as `exsync why` says, and nothing is left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import Invalid, SyncError, Unclear
from shared.flows.forget_address import forget_address
from shared.flows.forget_job import name_of, read_job
from shared.flows.forgotten import PARTITION, TABLE
from shared.flows.let_in_again import let_in_again
from shared.flows.settings_document import read_in_force
from shared.model.forgotten import Forgotten, fingerprint
from tests.flows.breaking import Crash, Fuse, Interruption
from tests.flows.office import Office
from tests.flows.test_explain_mail import why
from tests.flows.test_forget_address import DANA, carry_on, dana, forget

NAME = name_of(DANA)


async def forgotten() -> Office:
    """An office where Dana was forgotten, who had sent one mail."""
    office = await Office().open()
    office.deliver("older", from_=dana)
    office.now += timedelta(minutes=2)
    await office.settle()
    await forget(office)
    await carry_on(office)
    assert await office.held() == {}
    return office


async def kept_out(office: Office) -> frozenset[str]:
    return (await read_in_force(office.rows, Forgotten())).forgotten.fingerprints


async def test_mail_that_comes_from_then_on_is_kept_and_nothing_is_left_of_the_wish() -> None:
    office = await forgotten()
    office.deliver("while she was forgotten", from_=dana)
    await office.settle()
    known = (await read_in_force(office.rows, Forgotten())).forgotten
    await let_in_again(office.world(), NAME)
    office.deliver("newer", from_=dana)
    await office.sync(replace(office.world(), forgotten=known))
    assert list(await office.held()) == ["newer"]
    assert (await office.rows.query(TABLE, PARTITION)).rows == ()
    assert (await read_job(office.rows, NAME))[0] is None


async def test_older_mail_comes_by_what_why_says() -> None:
    office = await forgotten()
    told = (await why(office, 1))["decided"]
    assert (told["who"], told["setting"], told["ok"]) == ("CRM administrator", None, False)
    assert "was forgotten" in told["what"]
    assert "`exsync forget --address ADDRESS --undo`" in told["remedy"]
    await let_in_again(office.world(), NAME)
    office.now += timedelta(minutes=20)
    await office.settle()
    mail = await why(office, 1)
    assert (mail["verdict"], "category" in mail["decided"]["remedy"]) == ("passed_over", True)
    [name] = office.box.items
    office.box.edit(name, lambda email: replace(email, categories=("Red",)))
    await office.settle()
    assert list(await office.held()) == ["older"]


async def test_who_may_read_no_content_is_told_the_same_and_no_address() -> None:
    office = await forgotten()
    mail = await why(office, 1, with_content=False)
    assert (mail["verdict"], mail["subject"]) == ("kept_out", None)
    assert mail["decided"] == (await why(office, 1))["decided"]
    assert "dana" not in str(mail).lower()


async def test_while_mail_is_taken_out_it_is_refused() -> None:
    office = await Office().open()
    await forget(office)
    with pytest.raises(Invalid) as refused:
        await let_in_again(office.world(), NAME)
    assert refused.value.code == "forget-under-way"
    await carry_on(office)
    await let_in_again(office.world(), NAME)


@pytest.mark.parametrize("name", [NAME, "operator-" + "0" * 32, DANA, "address-x", "address-../../x", ""])
async def test_a_name_by_which_nobody_is_forgotten_is_refused(name: str) -> None:
    office = await Office().open()
    await forget_address(office.world(), "erin@customer.example", by="bob")
    with pytest.raises(Invalid) as refused:
        await let_in_again(office.world(), name)
    assert refused.value.code == "forget-unknown"
    assert len(await kept_out(office)) == 1


@pytest.mark.parametrize("how", ["before", "after", "unclear", "undone"])
@pytest.mark.parametrize("at", range(1, 5))
async def test_wherever_it_dies_asking_again_lets_the_mail_in_everywhere(at: int, how: str) -> None:
    office = await forgotten()
    known = (await read_in_force(office.rows, Forgotten())).forgotten
    try:
        await let_in_again(Fuse(at, how).worker(office.world()), NAME)
    except (Crash, SyncError, Unclear):
        known = (await read_in_force(office.rows, known)).forgotten
        try:
            await let_in_again(office.world(), NAME)
        except Invalid:
            assert (at, how) in [(4, "after"), (4, "unclear")], "it was done already"
    assert (await read_in_force(office.rows, known)).forgotten.fingerprints == frozenset()
    assert (await office.rows.query(TABLE, PARTITION)).rows == ()
    assert (await read_job(office.rows, NAME))[0] is None


@pytest.mark.parametrize("at", [2, 3, 4])
async def test_who_is_forgotten_anew_at_the_same_moment_stays_forgotten(at: int) -> None:
    office = await forgotten()

    async def anew() -> None:
        await forget(office)

    await let_in_again(Interruption(at, anew).worker(office.world()), NAME)
    assert await kept_out(office) == {fingerprint(DANA)}
    await carry_on(office)
    job, _ = await read_job(office.rows, NAME)
    assert job is not None and job.state == "done"


async def test_who_reads_the_list_while_she_is_let_in_does_not_keep_her_out_for_good() -> None:
    office = await forgotten()
    seen: list[Forgotten] = []

    async def read() -> None:
        seen.append((await read_in_force(office.rows, Forgotten())).forgotten)

    await let_in_again(Interruption(3, read).worker(office.world()), NAME)
    assert (await read_in_force(office.rows, seen[0])).forgotten.fingerprints == frozenset()
