"""Which folders a collection watches, and where an item may be that left them."""

import pytest

from shared.model.collection import Tree
from shared.model.exchange import Folder
from shared.model.folders import folder_paths, unwatched_folders, watched_folders

TREE = Tree(
    (
        Folder("inbox", "root", "Posteingang"),
        Folder("customers", "inbox", "Customers"),
        Folder("big", "customers", "Big"),
        Folder("calendar", "inbox", "Meetings", "IPF.Appointment"),
        Folder("sent", "root", "Sent Items"),
        Folder("sent2025", "sent", "2025"),
        Folder("trash", "root", "Deleted Items"),
        Folder("old", "trash", "Old"),
        Folder("projects", "root", "Projects", ""),
        Folder("imap", "root", "IMAP", "IPF.Imap"),
    ),
    (("inbox", "inbox"), ("sentitems", "sent"), ("deleteditems", "trash")),
)
USUAL = ("inbox", "sentitems")


@pytest.mark.parametrize(
    ("names", "excluded", "watched"),
    [
        (USUAL, (), ["inbox", "customers", "big", "sent", "sent2025"]),
        (("INBOX",), (), ["inbox", "customers", "big"]),
        (("inbox",), ("Posteingang/Customers",), ["inbox"]),
        (("inbox",), ("/posteingang/customers/BIG/",), ["inbox", "customers"]),
        (("inbox", "inbox", "Posteingang/Customers"), (), ["inbox", "customers", "big"]),
        (("Projects",), (), ["projects"]),
        (("Nowhere",), (), []),
        (("inbox",), ("inbox",), []),
        ((), (), []),
    ],
)
def test_folders_are_watched_with_those_below_them(
    names: tuple[str, ...], excluded: tuple[str, ...], watched: list[str]
) -> None:
    assert [folder.id for folder in watched_folders(TREE, names, excluded)] == watched


def test_only_sent_items_itself_goes_by_sent_time() -> None:
    assert [folder.id for folder in watched_folders(TREE, USUAL, ()) if folder.by_sent] == ["sent"]


def test_a_folder_is_called_by_the_path_that_its_owner_sees() -> None:
    assert [folder.path for folder in watched_folders(TREE, ("inbox",), ())] == [
        "Posteingang",
        "Posteingang/Customers",
        "Posteingang/Customers/Big",
    ]


def test_a_root_that_the_tree_does_not_show_is_watched_under_its_well_known_name() -> None:
    (inbox,) = watched_folders(Tree((), (("inbox", "inbox"),)), ("inbox",), ())
    assert (inbox.id, inbox.path) == ("inbox", "inbox")


def test_a_tree_that_bites_its_own_tail_ends() -> None:
    snake = Tree((Folder("a", "b", "A"), Folder("b", "a", "B")), (("inbox", "a"),))
    assert [folder.id for folder in watched_folders(snake, ("inbox",), ())] == ["a", "b"]
    assert set(folder_paths(snake)) == {"a", "b"}


def test_what_left_may_be_in_the_deleted_items_or_in_another_mail_folder() -> None:
    watched = [folder.id for folder in watched_folders(TREE, USUAL, ())]
    trash, others = unwatched_folders(TREE, watched)
    assert set(trash) == {"trash", "old"}
    assert set(others) == {"projects"}
    assert unwatched_folders(TREE, [*watched, "old"])[0] == ["trash"]
