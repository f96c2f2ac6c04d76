"""The description of the API: an example for each call, true examples, and a page that needs no other server."""

import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.flows.office import Office
from tests.http_api.client import calling

WITHOUT_DOCUMENT = {"204", "302"}


@pytest.fixture(scope="module")
async def description() -> dict[str, Any]:
    async with calling(Office()) as client:
        found = (await client.get("/api/openapi.json")).json()
    assert isinstance(found, dict)
    return found


def operations(description: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def examples(media: dict[str, Any], schema: dict[str, Any]) -> list[Any]:
    """The examples of a media type, where OpenAPI allows them to be."""
    if "example" in media:
        return [media["example"]]
    return list(media.get("examples", {}).values()) or list(schema.get("examples", []))


def check(example: Any, schema: dict[str, Any], description: dict[str, Any]) -> None:
    whole = {**schema, "components": description["components"]}
    jsonschema.validate(example, whole, cls=jsonschema.Draft202012Validator)


def test_every_call_has_a_summary_and_a_name(description: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(description)]
    assert len(set(names)) == len(names) >= 21
    assert all(operation["description"] for _, operation in operations(description))


def test_every_request_body_has_a_true_example(description: dict[str, Any]) -> None:
    bodies = [(name, each["requestBody"]) for name, each in operations(description) if "requestBody" in each]
    assert len(bodies) >= 7
    for name, body in bodies:
        for media in body["content"].values():
            found = examples(media, media["schema"])
            assert found, name
            for example in found:
                check(example, media["schema"], description)


def test_every_answer_has_a_true_example(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        for status, answer in operation["responses"].items():
            if status in WITHOUT_DOCUMENT:
                continue
            for media in answer["content"].values():
                assert "example" in media, f"{name} {status}"
                check(media["example"], media.get("schema", {}), description)


def test_errors_are_described_as_problem_documents(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        assert "application/problem+json" in operation["responses"]["default"]["content"], name
        assert "422" not in operation["responses"], name


async def test_the_page_loads_nothing_from_elsewhere_and_hands_the_key_on() -> None:
    async with calling(Office()) as client:
        page = await client.get("/api/docs?code=a%26b%22c")
        links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        loaded = [link.replace("&amp;", "&") for link in links if not link.startswith("data:")]
        assert len(loaded) == 3
        for link in loaded:
            assert link.startswith("/api/docs/")
            assert link.endswith("code=a%26b%22c")
            assert (await client.get(link)).status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]


async def test_the_script_and_style_are_kept_for_good() -> None:
    async with calling(Office()) as client:
        script = await client.get("/api/docs/swagger-ui-bundle.js")
    assert "immutable" in script.headers["cache-control"]
    assert len(script.content) > 100_000
