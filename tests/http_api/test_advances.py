"""`GET /changes` over HTTP: the hints, their cursor and the shards."""

from tests.flows.office import Office
from tests.http_api.client import calling


async def test_a_hint_leads_to_the_feed_that_it_is_about() -> None:
    office = Office()
    office.deliver("Offer")
    await office.open()
    await office.settle()
    async with calling(office) as client:
        cursor, more, hints = "", True, []
        while more:
            page = (await client.get("/api/changes", params={"after": cursor} if cursor else {})).json()
            cursor, more = page["next"], page["more"]
            hints += page["items"]
        assert [hint["operator_id"] for hint in hints] == ["alice"]
        feed = (await client.get(hints[0]["changes_url"])).json()
    assert [change["item"]["subject"] for change in feed["changes"]] == ["Offer"]


async def test_a_shard_that_there_is_not_and_a_cursor_of_another_are_refused() -> None:
    async with calling(Office()) as client:
        for query in ("shard=16", "shard=-1", "shard=x", "limit=201", "limit=0"):
            answer = await client.get(f"/api/changes?{query}")
            assert (answer.status_code, answer.json()["code"]) == (400, "request-malformed"), query
        cursor = (await client.get("/api/changes?shard=3")).json()["next"]
        answer = await client.get("/api/changes", params={"shard": 4, "after": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor-invalid")
