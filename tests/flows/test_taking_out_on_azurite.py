"""The same on real storage: too old mail, a customer and an operator are taken out of Azurite's tables and blobs."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest_asyncio

from devtools.azurite import Azurite
from shared.adapters.blobs import StorageBlobs
from shared.adapters.storage import StorageAccount
from shared.adapters.tables import TableRows
from shared.flows.audit import list_audit, sweep_audit
from shared.flows.forget_address import forget_address
from shared.flows.forget_job import name_of
from shared.flows.forget_operator import forget_operator
from shared.flows.let_in_again import let_in_again
from shared.flows.operators import find_operator, get_operator
from shared.flows.pauses import pause, read_pauses, resume
from shared.flows.settings_document import read_in_force
from shared.model.email import Participant
from shared.model.exchange import ItemFailure
from shared.model.forgotten import Forgotten, fingerprint
from shared.settings import StorageSettings
from tests.flows import test_forget_address, test_forget_operator
from tests.flows.office import NOON, Office, attachment, note
from tests.flows.test_retention import a_day


@pytest_asyncio.fixture
async def storage_of_its_own() -> AsyncGenerator[StorageAccount]:
    """An account that no other test shares: settings and operators have fixed names."""
    with Azurite() as azurite:
        account = StorageAccount(StorageSettings(connection_string=azurite.connection_string))
        yield account
        await account.close()


async def test_everything_that_is_taken_out_is_gone_from_real_storage(storage_of_its_own: StorageAccount) -> None:
    rows, blobs = TableRows(storage_of_its_own), StorageBlobs(storage_of_its_own)
    office = Office(mint="t0ut", rows=rows, blobs=blobs, clock=NOON + timedelta(days=1000))
    large = attachment("large.bin", 40_000)
    office.deliver("old", age=timedelta(days=40), attachments=(large,), contents=(b"o" * 40_000,), has_attachments=True)
    office.deliver("hers", from_=Participant("Dana", "dana@customer.example"))
    for number in range(120):
        office.deliver(f"mail {number}", age=timedelta(minutes=number))
    broken = office.deliver("broken", age=timedelta(days=40))
    office.box.failures[broken] = ItemFailure(broken, "item-corrupt", "ErrorCorruptData", "Data is corrupt.")
    await office.open(sync_from_days="all")
    await office.settle()
    operator = await get_operator(rows, "alice")
    assert await sweep_audit(office.world(), timedelta(days=365), deadline=office.now)

    await office.configure({"retention": {"email_days": 30}})
    await a_day(office)
    assert len(await office.held()) == 121
    assert (await office.failures(), [blob async for blob in blobs.names(operator.mailbox_key)]) == ([], [])

    await forget_address(office.world(), "dana@customer.example", by="bob")
    await test_forget_address.carry_on(office)
    assert len(await office.held()) == 120
    assert (await test_forget_address.told(office))["state"] == "done"
    known = (await read_in_force(rows, Forgotten())).forgotten
    assert known.fingerprints == {fingerprint("dana@customer.example")}
    await let_in_again(office.world(), name_of("dana@customer.example"))
    assert (await read_in_force(rows, known)).forgotten.fingerprints == frozenset()

    await pause(office.world(), "operator-alice", reason="leaver", by="bob")
    assert list((await read_pauses(rows)).by_scope) == ["operator-alice"]
    await resume(office.world(), "operator-alice")
    await note(office.world(), by="bob", action="send", target="alice")
    await forget_operator(office.world(), "alice", by="bob")
    await test_forget_operator.carry_on(office)
    assert (await rows.query("collections", office.key)).rows == ()
    assert await find_operator(rows, "alice") is None
    told = await test_forget_operator.told(office)
    assert (told["state"], told["removed"]["items"], told["removed"]["audit_entries_concealed"]) == ("done", 120, 1)

    day = office.now.date().isoformat()
    assert [entry["by"] for entry in (await list_audit(office.world(), day=day, operator_id="alice")).items] == ["bob"]
    office.now += timedelta(days=400)
    assert await sweep_audit(office.world(), timedelta(days=365), deadline=office.now + timedelta(minutes=4))
    assert (await list_audit(office.world(), day=day)).items == []
