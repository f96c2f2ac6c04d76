"""GetFolder, FindFolder and SyncFolderHierarchy: what folders there are and how they change."""

from devtools.exchange_simulator import ExchangeSimulator
from tests.devtools.exchange_simulator.talk import ALICE, BOB, INBOX, Answer, M, T, Talk, mail

DEFAULT = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
EVERYTHING = "<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>"


async def get(talk: Talk, *ids: str, shape: str = DEFAULT) -> Answer:
    return await talk.ask(f"<m:GetFolder>{shape}<m:FolderIds>{''.join(ids)}</m:FolderIds></m:GetFolder>")


async def hierarchy(talk: Talk, state: str = "", *, folder: str = "") -> Answer:
    where = f"<m:SyncFolderId>{folder}</m:SyncFolderId>" if folder else ""
    known = f"<m:SyncState>{state}</m:SyncState>" if state else ""
    return await talk.ask(f"<m:SyncFolderHierarchy>{EVERYTHING}{where}{known}</m:SyncFolderHierarchy>")


async def test_each_kind_of_folder_has_its_element_and_class(talk: Talk) -> None:
    names = ("inbox", "calendar", "contacts", "tasks", "recoverableitemsdeletions", "root")
    answer = await get(talk, *(f'<t:DistinguishedFolderId Id="{one}"/>' for one in names), shape=EVERYTHING)
    shown = [message.find(M + "Folders")[0] for message in answer.messages]  # type: ignore[index]
    assert [one.tag.removeprefix(T) for one in shown] == [
        "Folder",
        "CalendarFolder",
        "ContactsFolder",
        "TasksFolder",
        "Folder",
        "Folder",
    ]
    assert [one.findtext(T + "DistinguishedFolderId") for one in shown] == list(names)
    assert answer.texts(T + "FolderClass") == ["IPF.Note", "IPF.Appointment", "IPF.Contact", "IPF.Task"]


async def test_counts_follow_the_mail(exchange: ExchangeSimulator, talk: Talk) -> None:
    first = exchange.deliver(ALICE, mail())
    exchange.deliver(ALICE, mail(), read=True)
    exchange.deliver(ALICE, mail())
    exchange.delete(ALICE, first, how="hard")
    fields = (
        '<m:FolderShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x670a"'
        ' PropertyType="SystemTime"/><t:ExtendedFieldURI PropertyTag="0x670b" PropertyType="Integer"/>'
        "</t:AdditionalProperties></m:FolderShape>"
    )
    answer = await get(talk, INBOX, shape=fields)
    assert answer.texts(T + "TotalCount") == ["2"]
    assert answer.texts(T + "UnreadCount") == ["1"]
    assert answer.texts(T + "Value")[1] == "1"


async def test_a_folder_that_is_not_there_fails_alone(exchange: ExchangeSimulator, talk: Talk) -> None:
    gone = exchange.add_folder(ALICE, "Gone")
    exchange.delete_folder(ALICE, gone)
    bobs = exchange.folder_id(BOB, "inbox")
    item = exchange.deliver(ALICE, mail())
    ids = (gone, bobs, "nonsense", item, "")
    answer = await get(talk, INBOX, *(f'<t:FolderId Id="{one}"/>' for one in ids))
    assert answer.codes == [
        "NoError",
        "ErrorFolderNotFound",
        "ErrorFolderNotFound",
        "ErrorInvalidIdMalformed",
        "ErrorCannotUseItemIdForFolderId",
        "ErrorInvalidIdEmpty",
    ]


async def test_a_distinguished_folder_of_another_mailbox_is_refused(talk: Talk) -> None:
    def of(address: str) -> str:
        mailbox = f"<t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>"
        return f'<t:DistinguishedFolderId Id="inbox">{mailbox}</t:DistinguishedFolderId>'

    answer = await get(talk, of(ALICE), of(BOB), of("nobody@contoso.example"))
    assert answer.codes == ["NoError", "ErrorAccessDenied", "ErrorNonExistentMailbox"]


async def test_find_folder_is_shallow_or_deep_and_pages(exchange: ExchangeSimulator, talk: Talk) -> None:
    projects = exchange.add_folder(ALICE, "Projects", parent="inbox")
    below = exchange.add_folder(ALICE, "2026", parent="Inbox/Projects")

    async def find(traversal: str, size: int = 100, offset: int = 0) -> Answer:
        view = f'<m:IndexedPageFolderView MaxEntriesReturned="{size}" Offset="{offset}" BasePoint="Beginning"/>'
        parents = f"<m:ParentFolderIds>{INBOX}</m:ParentFolderIds>"
        return await talk.ask(f'<m:FindFolder Traversal="{traversal}">{DEFAULT}{view}{parents}</m:FindFolder>')

    assert (await find("Shallow")).ids(T + "FolderId") == [projects]
    assert (await find("Deep")).ids(T + "FolderId") == [projects, below]
    first = (await find("Deep", 1)).one(M + "RootFolder")
    assert (first.get("IndexedPagingOffset"), first.get("IncludesLastItemInRange")) == ("1", "false")
    last = await find("Deep", 1, 1)
    assert last.ids(T + "FolderId") == [below]
    assert last.one(M + "RootFolder").get("IncludesLastItemInRange") == "true"


async def test_the_hierarchy_tells_what_came_changed_and_went(exchange: ExchangeSimulator, talk: Talk) -> None:
    start = await hierarchy(talk)
    assert len(start.all(T + "Create")) == 13
    projects = exchange.add_folder(ALICE, "Projects", parent="inbox")
    below = exchange.add_folder(ALICE, "Below", parent=projects)
    created = await hierarchy(talk, start.texts(M + "SyncState")[0])
    assert created.ids(T + "FolderId") == [projects, below]
    exchange.rename_folder(ALICE, projects, "Customers")
    exchange.delete_folder(ALICE, below)
    exchange.deliver(ALICE, mail(), folder=projects)
    later = await hierarchy(talk, created.texts(M + "SyncState")[0])
    assert [one.tag.removeprefix(T) for one in later.one(M + "Changes")] == ["Update", "Delete"]
    assert later.ids(T + "FolderId") == [projects, below]
    assert later.texts(T + "DisplayName") == ["Customers"]
    quiet = await hierarchy(talk, later.texts(M + "SyncState")[0])
    assert len(quiet.one(M + "Changes")) == 0


async def test_a_moved_folder_keeps_its_id_and_leaves_the_scope_as_a_delete(
    exchange: ExchangeSimulator, talk: Talk
) -> None:
    projects = exchange.add_folder(ALICE, "Projects", parent="inbox")
    start = await hierarchy(talk, folder=INBOX)
    exchange.move_folder(ALICE, projects, "deleteditems")
    moved = await hierarchy(talk, start.texts(M + "SyncState")[0], folder=INBOX)
    assert [one.tag.removeprefix(T) for one in moved.one(M + "Changes")] == ["Delete"]
    assert moved.ids(T + "FolderId") == [projects]
    assert exchange.folder_id(ALICE, "Deleted Items/Projects") == projects


async def test_a_hierarchy_state_fits_only_its_own_call(talk: Talk) -> None:
    state = (await hierarchy(talk)).texts(M + "SyncState")[0]
    for answer in (
        await hierarchy(talk, state, folder=INBOX),
        await hierarchy(talk, "H4s="),
        await hierarchy(talk, "not base64"),
    ):
        assert answer.codes == ["ErrorInvalidSyncStateData"]
        assert answer.texts(M + "SyncState") == [""]
    items = (await talk.sync()).texts(M + "SyncState")[0]
    assert (await hierarchy(talk, items)).codes == ["ErrorInvalidSyncStateData"]
