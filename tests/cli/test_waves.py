"""The decisions of `exsync operators enable --wave`, and how many operators are asked for at once."""

import threading
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.chosen import chosen
from cli.many import side_by_side
from cli.remote import Refused
from cli.wave_plan import Plan, allowed, sizes_of, verdict


@pytest.mark.parametrize(
    ("text", "total", "sizes"),
    [
        ("5%,25%,100%", 100, (5, 25, 100)),
        ("5%,25%,100%", 10, (1, 2, 10)),
        ("10,100%", 40, (10, 40)),
        ("10,100,100%", 40, (10, 40)),
        ("100%", 1, (1,)),
        ("5%", 100, (5,)),
    ],
)
def test_waves_grow(text: str, total: int, sizes: tuple[int, ...]) -> None:
    assert sizes_of(text, total) == sizes


@pytest.mark.parametrize(
    ("text", "total"), [("25%,5%", 100), ("all", 100), ("200%", 100), ("", 100), ("5%", 0), ("0,5%", 100), ("0%", 9)]
)
def test_waves_that_make_no_sense_are_refused(text: str, total: int) -> None:
    with pytest.raises(typer.BadParameter):
        sizes_of(text, total)


def test_each_wave_takes_the_operators_that_the_ones_before_it_left() -> None:
    ids = tuple("abcdefghij")
    assert Plan(ids, (1, 3, 10), "5%").waves() == [ids[:1], ids[1:3], ids[3:]]


@pytest.mark.parametrize(("text", "size", "most"), [("5%", 100, 5), ("5%", 10, 0), ("0", 10, 0), ("3", 10, 3)])
def test_a_wave_may_have_so_many_failures(text: str, size: int, most: int) -> None:
    assert allowed(text, size) == most


def kind(state: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "reason": f"because {state}", "failure": None, "held": None} | more


def trouble(failure_class: str) -> dict[str, Any]:
    return {"code": "some-code", "detail": "x", "remedy": "y", "class": failure_class}


@pytest.mark.parametrize(
    ("kinds", "state", "code"),
    [
        ([kind("live")], "ready", ""),
        ([kind("polling")], "ready", ""),
        ([kind("waiting")], "waiting", ""),
        ([kind("initial")], "waiting", ""),
        ([kind("live"), kind("initial")], "waiting", ""),
        ([kind("failing", failure=trouble("transient"))], "waiting", "some-code"),
        ([kind("failing", failure=trouble("resync"))], "waiting", "some-code"),
        ([kind("failing", failure=trouble("reconfigure"))], "failing", "some-code"),
        ([kind("initial"), kind("failing", failure=trouble("permanent"))], "failing", "some-code"),
        ([kind("held", held=trouble("reconfigure"))], "failing", "some-code"),
        ([kind("off")], "failing", "kind-off"),
    ],
)
def test_a_status_is_ready_failing_or_to_be_waited_for(kinds: list[dict[str, Any]], state: str, code: str) -> None:
    found = verdict("alice", kinds, was_on=False)
    assert (found.state, found.code) == (state, code)


@pytest.mark.parametrize(
    "text",
    [
        "operator_id\nalice\nbob\nalice\n",
        "\ufeffMailbox;Operator ID;x\na@x.example;alice;1\nb@x.example;bob;2\n\n",
        "alice\n\nbob\n",
        "mailbox,OPERATOR_ID\r\na@x.example, alice \r\nb@x.example,bob\r\n",
    ],
)
def test_ids_are_read_of_a_column_or_of_lines(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ids.csv"
    file.write_text(text, encoding="utf-8", newline="")
    assert chosen(None, file, None) == ["alice", "bob"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"none\.csv"):
        chosen(None, tmp_path / "none.csv", None)


@pytest.mark.parametrize(("ids", "everybody"), [([], None), (["alice"], ["bob"])])
def test_exactly_one_way_says_who_is_meant(ids: list[str], everybody: list[str] | None) -> None:
    with pytest.raises(typer.BadParameter):
        chosen(ids, None, everybody)


def test_no_more_calls_are_under_way_than_were_allowed() -> None:
    under_way: set[str] = set()
    most = 0
    lock = threading.Lock()
    full = threading.Barrier(3, timeout=20)

    def call(name: str) -> str:
        nonlocal most
        with lock:
            under_way.add(name)
            most = max(most, len(under_way))
        full.wait()
        with lock:
            under_way.discard(name)
        return name

    names = [f"operator {number}" for number in range(12)]
    assert sorted(side_by_side(call, names, at_once=3)) == sorted(names)
    assert most == 3
