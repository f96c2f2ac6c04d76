"""Route templates as a table."""

from __future__ import annotations

import pytest

from devtools.functions_host.routes import Route, RouteTable, parse_template, split_path


def table(*templates: str, methods: frozenset[str] = frozenset()) -> RouteTable[str]:
    return RouteTable([Route(parse_template(template), methods, template) for template in templates])


@pytest.mark.parametrize(
    ("templates", "path", "template", "parameters"),
    [
        (["a/{x}", "a/b"], "/a/b", "a/b", {}),
        (["a/{x}", "a/b"], "/a/c", "a/{x}", {"x": "c"}),
        (["{*rest}", "a/{x}"], "/a/c", "a/{x}", {"x": "c"}),
        (["{*rest}", "a/{x}"], "/a/c/d", "{*rest}", {"rest": "a/c/d"}),
        (["{**rest}"], "/", "{**rest}", {}),
        (["a/{x}", "a/{x:int}"], "/a/12", "a/{x:int}", {"x": "12"}),
        (["a/{x}", "a/{x:int}"], "/a/12b", "a/{x}", {"x": "12b"}),
        (["{x}/b", "a/{x}"], "/a/b", "a/{x}", {"x": "b"}),
        (["a/{x?}"], "/a", "a/{x?}", {}),
        (["a/{x?}", "a"], "/a", "a", {}),
        (["a/{x:guid}"], "/a/6F9619FF-8B86-D011-B42D-00C04FC964FF", "a/{x:guid}", None),
        (["a/{x}"], "/A/%41%20%C3%A9", "a/{x}", {"x": "A é"}),
        (["a/{x}"], "/a/b%2Fc%2fd", "a/{x}", {"x": "b%2Fc%2Fd"}),
        (["a/{x}"], "/a/b%252Fc", "a/{x}", {"x": "b%2Fc"}),
        (["/a/{x}/"], "/a/b/", "/a/{x}/", {"x": "b"}),
        (["a.b/c"], "/a.b/c", "a.b/c", {}),
    ],
)
def test_a_path_finds_its_route(
    templates: list[str], path: str, template: str, parameters: dict[str, str] | None
) -> None:
    match = table(*templates).find("GET", path)
    assert match is not None
    assert match.route.target == template
    if parameters is not None:
        assert match.parameters == parameters


@pytest.mark.parametrize(
    ("template", "path"),
    [("a/{x}", "/a"), ("a/{x}", "/a/"), ("a/{x}", "/a//"), ("a/{x}", "/a/b/c"), ("a/{x:int}", "/a/b"), ("a.b", "/axb")],
)
def test_a_path_that_does_not_fit_finds_nothing(template: str, path: str) -> None:
    assert table(template).find("GET", path) is None


def test_a_method_that_a_route_does_not_take_goes_to_the_next_one() -> None:
    routes = RouteTable(
        [
            Route(parse_template("a/b"), frozenset({"GET"}), "get"),
            Route(parse_template("{*rest}"), frozenset({"POST"}), "post"),
        ]
    )
    post, put = routes.find("POST", "/a/b"), routes.find("PUT", "/a/b")
    assert post is not None and post.route.target == "post"
    assert put is None


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("a/{x}.{y}", "not supported locally"),
        ("a/{x:range(1,2)}", "not supported locally"),
        ("a/{x:year}", "constraint 'year'"),
        ("a/{*x}/b", "only the last segment"),
        ("a/{x?}/b", "only the last segment"),
    ],
)
def test_a_template_that_is_not_known_is_refused(template: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_template(template)


def test_the_root_has_no_segments() -> None:
    assert split_path("/") == split_path("") == []
