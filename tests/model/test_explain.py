"""The decision on one mail as a table of cases: where it is, what is stored, how the sync stands → what is said of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.model.collection import Head, Held, Intent, Phase, States, StoredItem, Tree, Trouble, WatchedFolder
from shared.model.configuration import parse
from shared.model.email import Email
from shared.model.exchange import Folder, ItemFailure
from shared.model.explain import explain
from shared.model.explanation import Kept, Seen, Situation, Unreadable, Verdict, paired
from shared.model.operator import Operator
from shared.model.pauses import Pause
from shared.model.rules import BEGINNING, KeepRules, reason_to_skip

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(hours=1)
FOLDERS = {"root": "", "in": "Inbox", "sent": "Sent Items", "bin": "Deleted Items", "new": "Projects"}
TREE = Tree(
    tuple(Folder(name, "root" if name != "new" else "in", label) for name, label in FOLDERS.items() if label),
    (("inbox", "in"), ("sentitems", "sent"), ("deleteditems", "bin")),
)
LIVE = States((WatchedFolder("in", "Inbox", phase=Phase.LIVE), WatchedFolder("sent", "Sent Items", True, Phase.LIVE)))
HEAD = Head(
    page=7,
    states=LIVE,
    window_from=NOON - timedelta(days=3),
    window_days=3,
    started_at=EARLIER,
    complete_at=EARLIER,
    looked_at=EARLIER,
)
MAIL = Email("id-1", "ck", "in", received=NOON - timedelta(hours=2), internet_message_id="<1@x>", search_key="K1")
SEEN = Seen("id-1", "in", MAIL)
ITEM = StoredItem("item-1", "id-1", "ck", "in", False, MAIL.received, "K1", "<1@x>", born=3)
KEPT = Kept(ITEM, "Inbox", 5, EARLIER, EARLIER)
TENANT = "11111111-2222-3333-4444-555555555555"
ALICE = Operator("alice", "alice@contoso.example", "key", email_sync=True)


def situation(**facts: Any) -> Situation:
    version = facts.pop("version", "Exchange2016")
    connection: dict[str, Any] = {"url": "https://mail.contoso.example/EWS/Exchange.asmx", "version": version}
    if version == "Exchange365":
        connection |= {"url": "https://outlook.office365.com/EWS/Exchange.asmx", "authentication": "oauth"}
        connection |= {"oauth": {"client_id": "c", "tenant_id": TENANT}}
    document = {"connections": {"default": connection}, "email": {"enabled": facts.pop("enabled", True)}}
    document |= {"retention": {"email_days": days}} if (days := facts.pop("kept_days", None)) else {}
    known = {"head": HEAD, "tree": TREE, "now": NOON, "operator": ALICE, "configuration": parse(document)}
    return Situation(**{**known, **facts})


def seen(folder: str = "in", **facts: Any) -> Seen:
    return replace(SEEN, folder_id=folder, email=replace(MAIL, folder_id=folder, **facts))


def head(**facts: Any) -> Head:
    return replace(HEAD, **facts)


def phase(**facts: Any) -> Head:
    return head(states=LIVE.with_folder(replace(LIVE.folders[0], **facts)))


PAUSE = Pause("all", "migration", "Charlie", EARLIER)
TROUBLE = Trouble("exchange-busy", "", EARLIER, NOON)
BRAKE = Held(30, 60, "a watched folder vanished", EARLIER, "blob")
FAILING = Unreadable("item-corrupt", "", EARLIER, NOON, 3)
REFUSED = ItemFailure("id-1", "item-corrupt", "ErrorCorruptData")

CASES: dict[str, tuple[Situation, Seen | None, Kept | None, Unreadable | None, str, str]] = {
    "held": (situation(), SEEN, KEPT, None, "stored", "holds it as item-1"),
    "held, though a rule would keep it out now": (
        situation(),
        seen(sensitivity="private"),
        KEPT,
        None,
        "stored",
        "holds it as item-1",
    ),
    "held, and deleted meanwhile": (situation(), None, KEPT, None, "stored", "holds it as item-1"),
    "held, the sync off": (situation(enabled=False), None, KEPT, None, "stored", "holds it as item-1"),
    "born in a page that is not finished": (
        situation(head=head(page=2)),
        SEEN,
        KEPT,
        None,
        "coming",
        "its page is not finished",
    ),
    "left": (
        situation(),
        None,
        replace(KEPT, item=replace(ITEM, gone="left"), gone_at=NOON),
        None,
        "gone",
        "left the watched folders",
    ),
    "switched off in the settings": (situation(enabled=False), None, None, None, "stopped", "email.enabled is false"),
    "switched off for the operator": (
        situation(operator=replace(ALICE, email_sync=False)),
        None,
        None,
        None,
        "stopped",
        "the operator's email_sync is false",
    ),
    "paused": (situation(pauses=(PAUSE,)), SEEN, None, None, "stopped", "paused by Charlie: migration"),
    "failing": (situation(head=head(trouble=TROUBLE)), SEEN, None, None, "stopped", "throttling"),
    "failing, and kept out by a rule": (
        situation(head=head(trouble=TROUBLE)),
        seen(sensitivity="private"),
        None,
        None,
        "kept_out",
        "email.skip_sensitivity",
    ),
    "failing, and nowhere": (situation(head=head(trouble=TROUBLE)), None, None, None, "not_found", "mail folders"),
    "the brake holds others": (situation(head=head(held=BRAKE)), SEEN, KEPT, None, "stored", "holds it"),
    "unsearched": (situation(unsearched=("dns-failed", "x")), None, None, None, "stopped", "cannot be resolved: x"),
    "not read": (situation(), SEEN, None, FAILING, "failed", "attempts: 3"),
    "not given now": (situation(), Seen("id-1", "in", refusal=REFUSED), None, None, "failed", "cannot read the item"),
    "deleted before it was taken": (situation(), seen("bin"), None, None, "kept_out", "was deleted"),
    "in a folder that nobody watches": (
        situation(tree=replace(TREE, folders=(*TREE.folders, Folder("x", "root", "Elsewhere")))),
        seen("x"),
        None,
        None,
        "kept_out",
        "Elsewhere is not watched",
    ),
    "older than email is kept": (
        situation(kept_days=2),
        seen(received=NOON - timedelta(days=2, hours=1)),
        None,
        None,
        "kept_out",
        "older than the 2 days that email is kept",
    ),
    "older than the window": (
        situation(),
        seen(received=NOON - timedelta(days=4)),
        None,
        None,
        "kept_out",
        "received before",
    ),
    "of any age, the window being all": (
        situation(head=head(window_from=BEGINNING, window_days=-1)),
        seen(received=NOON - timedelta(days=4000)),
        None,
        None,
        "passed_over",
        "looked at the folder since",
    ),
    "sent long ago, and received in the window": (
        situation(),
        seen("sent", sent=NOON - timedelta(days=4)),
        None,
        None,
        "kept_out",
        "sent before",
    ),
    "a rule": (situation(), seen(categories=("NO CRM",)), None, None, "kept_out", "email.exclude_category"),
    "first sync not begun": (situation(head=Head()), SEEN, None, None, "coming", "has not begun"),
    "first import under way": (
        situation(head=phase(phase=Phase.WINDOW, before=EARLIER)),
        SEEN,
        None,
        None,
        "coming",
        "come down to 2026-11-20 11:00:00 UTC",
    ),
    "being compared": (situation(head=phase(phase=Phase.DRAIN)), SEEN, None, None, "coming", "being compared"),
    "in a new folder": (situation(), seen("new"), None, None, "coming", "not looked at the folder yet"),
    "in the page that is being written": (
        situation(head=head(intent=Intent(8, "in", ("id-1",), LIVE))),
        SEEN,
        None,
        None,
        "coming",
        "page that is being written",
    ),
    "came just now": (situation(), seen(received=NOON), None, None, "coming", "began before it came"),
    "asked for": (situation(asked_at=NOON), SEEN, None, None, "coming", "began before it came"),
    "passed over": (situation(), SEEN, None, None, "passed_over", "looked at the folder since"),
    "nowhere": (situation(), None, None, None, "not_found", "none of the 4 mail folders"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_and_what_decided(case: str) -> None:
    under, where, kept, unreadable, verdict, words = CASES[case]
    told = explain(under, where, kept, unreadable, message_id="<1@x>")
    assert (told.verdict, words in told.decided.what) == (verdict, True), told.decided
    assert told.decided in told.steps
    assert told.decided.ok is (told.verdict in (Verdict.STORED, Verdict.GONE)), "a stop is never shown as passed"
    for step in told.steps:
        assert step.ok is not False or (step.who and (step.remedy or step.verdict is Verdict.COMING)), step
        assert step.ok is not True or not step.code, step


def test_all_verdicts_are_in_the_table() -> None:
    assert {case[4] for case in CASES.values()} == set(Verdict)


def test_a_rule_that_is_new_is_named_though_nobody_has_words_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def tomorrows(email: Email, rules: KeepRules) -> str:
        return reason_to_skip(email, rules) or "email.skip_newsletters"

    monkeypatch.setattr("shared.model.mail_steps.reason_to_skip", tomorrows)
    told = explain(situation(), SEEN, None)
    assert (told.verdict, told.decided.setting) == ("kept_out", "email.skip_newsletters")


def test_the_exchange_administrator_is_given_the_command_of_his_exchange() -> None:
    there = explain(situation(), None, None, message_id="<1@x>").decided.remedy
    online = explain(situation(version="Exchange365"), None, None, subject="O'Hara").decided.remedy
    assert "Get-MessageTrackingLog -Recipients 'alice@contoso.example' -MessageId '<1@x>'" in there
    assert "Get-MessageTraceV2 -RecipientAddress 'alice@contoso.example' -Subject 'O''Hara'" in online


def test_mails_are_paired_by_id_then_as_the_sync_finds_what_moved_and_each_once() -> None:
    twin = replace(SEEN, id="id-2", email=replace(MAIL, id="id-2"))
    other = replace(SEEN, id="id-3", email=replace(MAIL, id="id-3", search_key="K3"))
    left = replace(KEPT, item=replace(ITEM, item_id="item-2", exchange_id="old", gone="left"))
    lost = replace(KEPT, item=replace(ITEM, item_id="item-4", exchange_id="old-4", search_key="K4", gone="deleted"))
    assert paired([SEEN, twin, other], [left, KEPT, lost]) == [
        (SEEN, KEPT),
        (twin, left),
        (other, None),
        (None, lost),
    ]
    assert paired([], []) == []
