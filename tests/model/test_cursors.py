"""A cursor gives back the place that it was made of, to its own list only."""

import base64

import pytest

from shared.errors import Invalid
from shared.model.cursors import read_cursor, read_numbers, write_cursor


def test_a_cursor_gives_back_its_place() -> None:
    assert read_cursor("operators", write_cursor("operators", "alice@contoso.example"), parts=1) == [
        "alice@contoso.example"
    ]
    assert read_numbers("k/changes", write_cursor("k/changes", 7, 12, 3), parts=3) == [7, 12, 3]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "%%%",
        "é",
        write_cursor("other", 1, 2, 3),
        write_cursor("mine", 1),
        write_cursor("mine", 1, 2, "x"),
    ],
)
def test_what_is_no_cursor_of_this_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor-invalid"):
        read_numbers("mine", cursor, parts=3)


def test_a_forged_cursor_names_no_odd_keys() -> None:
    mark = base64.urlsafe_b64decode(write_cursor("mine", "a") + "==").decode().split("/")[0]
    forged = base64.urlsafe_b64encode(f"{mark}/a' or PartitionKey ne '".encode()).decode()
    with pytest.raises(Invalid, match="cursor-invalid"):
        read_cursor("mine", forged, parts=1)
