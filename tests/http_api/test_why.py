"""`GET /operators/{operator_id}/why` over HTTP."""

import pytest

from http_api import callers
from shared.flows.operators import remove_operator
from shared.model.caller import Caller, Role
from tests.flows.office import Office
from tests.http_api.client import calling


async def opened() -> Office:
    office = await Office().open()
    office.deliver("Offer")
    await office.settle()
    return office


async def test_a_mail_is_explained_by_its_id_with_and_without_brackets_and_by_its_subject() -> None:
    async with calling(await opened()) as client:
        for query in ("message_id=<1@fabrikam.example>", "message_id=1@fabrikam.example", "subject=off"):
            answer = await client.get(f"/api/operators/alice/why?{query}")
            assert [mail["verdict"] for mail in answer.json()["mails"]] == ["stored"], query


async def test_a_question_that_names_no_mail_and_an_operator_that_there_is_not_are_refused() -> None:
    office = await opened()
    async with calling(office) as client:
        for query in ("", "?message_id=a@b&subject=c"):
            answer = await client.get(f"/api/operators/alice/why{query}")
            assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed")
        assert (await client.get("/api/operators/bob/why?subject=x")).status_code == 404
        await remove_operator(office.world(), "alice")
        answer = await client.get("/api/operators/alice/why?message_id=1@fabrikam.example")
        assert answer.json()["mails"][0]["verdict"] == "stored"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.APPLICATION])
async def test_a_role_without_content_sees_no_subject_and_must_know_the_whole(
    role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "KEY_HOLDER", Caller("charlie", frozenset({role})))
    async with calling(await opened()) as client:
        part = (await client.get("/api/operators/alice/why?subject=Off")).json()["mails"]
        whole = (await client.get("/api/operators/alice/why?subject=Offer")).json()["mails"]
        by_id = (await client.get("/api/operators/alice/why?message_id=1@fabrikam.example")).text
    assert [mail["verdict"] for mail in part] == ["not_found"]
    assert [(mail["verdict"], mail["subject"]) for mail in whole] == [("stored", None)]
    assert "Offer" not in by_id
