"""Pauses over HTTP: made, listed, shown to whoever asks for the status, and ended."""

from datetime import timedelta

from tests.flows.office import Office
from tests.http_api.test_audit import client, entries

REASON = {"reason": "Exchange is patched"}


async def test_a_pause_is_made_shown_in_the_status_audited_and_ended() -> None:
    office = await Office().open()
    async with client(office) as http:
        made = await http.post("/pauses/operator-alice", json=REASON)
        assert made.status_code == 201
        assert made.json() == {
            "scope": "operator-alice",
            "kind": None,
            "operator_id": "alice",
            "by": "bob@contoso.example",
            "at": "2026-11-20T12:00:00Z",
            **REASON,
        }
        assert (await http.get("/pauses")).json() == {"items": [made.json()], "next": None}
        status = (await http.get("/operators/alice/status")).json()["kinds"]["email"]
        assert (status["state"], status["reason"]) == ("paused", "Exchange is patched")
        assert (status["paused"]["by"], status["paused"]["since"]) == ("bob@contoso.example", "2026-11-20T12:00:00Z")
        office.now += timedelta(minutes=1)
        assert (await http.delete("/pauses/operator-alice")).status_code == 204
        assert (await http.get("/pauses")).json()["items"] == []
        actions = [entry["action"] for entry in await entries(http, operator_id="alice")]
    assert actions == ["resume", "pause"]


async def test_pausing_again_gives_another_reason_and_keeps_the_time() -> None:
    office = await Office().open()
    async with client(office) as http:
        first = (await http.post("/pauses/all", json=REASON)).json()
        second = await http.post("/pauses/all", json={"reason": "it takes longer"})
    assert second.status_code == 200
    assert second.json() == {**first, "reason": "it takes longer"}


async def test_mistakes_are_named() -> None:
    async with client(Office()) as http:
        for path, body, status, code in [
            ("/pauses/mail", REASON, 400, "pause-invalid"),
            ("/pauses/all", {"reason": " "}, 400, "pause-invalid"),
            ("/pauses/all", {}, 400, "request-malformed"),
            ("/pauses/operator-nobody", REASON, 404, "operator-unknown"),
        ]:
            answer = await http.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        answer = await http.delete("/pauses/all")
        assert (answer.status_code, answer.json()["code"]) == (404, "pause-unknown")
