"""The port `Exchange` over EWS: each call of the port as the EWS operations it takes."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import batched, takewhile

from shared.adapters.autodiscover import Autodiscover
from shared.adapters.ews.authorization import Authorization
from shared.adapters.ews.cached_secrets import CachedSecrets
from shared.adapters.ews.capabilities import Gap
from shared.adapters.ews.connection import Connection
from shared.adapters.ews.endpoint import Answer, Build, Endpoint
from shared.adapters.ews.plainer import NEVER, REFUSALS, Question, Way, find_plainly
from shared.errors import Permanent, Reconfigure, Transient
from shared.model.autodiscover import Answer as Discovered
from shared.model.autodiscover import Attempt
from shared.model.email import Email
from shared.model.exchange import (
    Folder,
    FolderChanges,
    FoundItems,
    ItemChanges,
    ItemFailure,
    Located,
    Mailbox,
    Resolved,
    Subscribed,
    is_about,
)
from shared.model.server import Server
from shared.model.trust import Expiry
from shared.ports import Secrets
from shared.wire.ews import (
    create_item,
    faults,
    find_folder,
    find_item,
    get_attachment,
    get_folder,
    get_item,
    resolve_names,
    subscribe,
    sync_folder_hierarchy,
    sync_folder_items,
)
from shared.wire.ews.envelope import Header
from shared.wire.ews.faults import Refusal

_HOLD_AFTER_REFUSAL = timedelta(minutes=1)


class EwsExchange:
    """Mailboxes of one or more Exchange servers. `counts` are the HTTP requests sent so far, by operation.

    Close it with `aclose`. All calls belong to one event loop.
    """

    def __init__(
        self,
        connections: Iterable[Connection],
        secrets: Secrets,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        hold_after_refusal: timedelta = _HOLD_AFTER_REFUSAL,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._connections = {connection.name: connection for connection in connections}
        self._secrets = CachedSecrets(secrets, now)
        self._now = now
        self._new_id = new_id
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        # One for each connection, whatever its URLs: a refused password is refused everywhere.
        self._authorizations = {
            name: Authorization(each, self._secrets, now, hold_after_refusal=hold_after_refusal)
            for name, each in self._connections.items()
        }
        self._autodiscover = Autodiscover(
            self._connections, self._secrets, self._authorizations, now=now, new_id=new_id
        )

    async def aclose(self) -> None:
        """Close all connections to servers."""
        await self._autodiscover.aclose()
        for endpoint in self._endpoints.values():
            await endpoint.aclose()

    def certificates(self, connection: str) -> tuple[Expiry, ...]:
        """See the port: what this process has seen."""
        seen = [endpoint.certificates.seen for (name, _), endpoint in self._endpoints.items() if name == connection]
        return tuple(dict.fromkeys(expiry for each in seen for expiry in each))

    async def distinguished_folders(self, mailbox: Mailbox, names: Sequence[str]) -> dict[str, Folder]:
        """See the port. Quirk: a folder that is not there answers ErrorFolderNotFound or ErrorItemNotFound."""
        build = partial(get_folder.request, names=names)
        outcomes = await self._ask(mailbox, get_folder.NAME, build, partial(get_folder.Answer, names))
        found: dict[str, Folder] = {}
        for name, outcome in zip(names, outcomes, strict=False):
            if isinstance(outcome, Folder):
                found[name] = outcome
            elif outcome.meaning[1] not in ("folder-gone", "item-gone"):
                raise faults.error(outcome)
        return found

    async def find_folders(self, mailbox: Mailbox) -> tuple[Folder, ...]:
        """See the port."""
        folders: list[Folder] = []
        offset = 0
        while True:
            build = partial(find_folder.request, offset=offset)
            page = await self._ask(mailbox, find_folder.NAME, build, find_folder.Answer)
            folders += page.folders
            if page.is_last or page.next_offset <= offset:
                return tuple(folders)
            offset = page.next_offset

    async def sync_folder_hierarchy(self, mailbox: Mailbox, state: str | None) -> FolderChanges:
        """See the port. A server that refuses the operation is asked again after a day."""
        server = self._at(mailbox).server
        if server.lacks(Gap.HIERARCHY):
            raise Permanent("operation-not-supported", Gap.HIERARCHY.value)
        build = partial(sync_folder_hierarchy.request, state=state)
        try:
            return await self._ask(mailbox, sync_folder_hierarchy.NAME, build, sync_folder_hierarchy.Answer)
        except Permanent as refused:
            if refused.code not in REFUSALS:
                raise
            server.note_gap(Gap.HIERARCHY)
            raise Permanent("operation-not-supported", refused.detail, exchange_code=refused.exchange_code) from None

    async def find_items(
        self,
        mailbox: Mailbox,
        folder_id: str,
        *,
        since: datetime | None,
        until: datetime | None = None,
        by_sent: bool = False,
        offset: int = 0,
        limit: int = find_item.LARGEST_PAGE,
    ) -> FoundItems:
        """See the port. A server that cannot sort is read whole, and all that is wanted comes as one page."""
        question = Question(folder_id, since, until, by_sent, offset, limit)
        return await find_plainly(question, self._at(mailbox).server, partial(self._find, mailbox))

    async def _find(self, mailbox: Mailbox, question: Question, way: Way) -> FoundItems:
        build = partial(
            find_item.request,
            folder_id=question.folder_id,
            since=question.since if way.restricts else None,
            until=question.until if way.restricts else None,
            by_sent=question.by_sent,
            offset=question.offset,
            limit=self._at(mailbox).lanes.size(mailbox.address, question.limit),
            sort=way.sorts,
        )
        return await self._ask(mailbox, find_item.NAME, build, find_item.Answer)

    async def sync_folder_items(
        self, mailbox: Mailbox, folder_id: str, state: str | None, *, limit: int
    ) -> ItemChanges:
        """See the port."""
        size = self._at(mailbox).lanes.size(mailbox.address, limit)
        build = partial(sync_folder_items.request, folder_id=folder_id, state=state, limit=size)
        return await self._ask(mailbox, sync_folder_items.NAME, build, sync_folder_items.Answer)

    async def get_emails(
        self, mailbox: Mailbox, ids: Sequence[str], *, bodies: bool = True
    ) -> list[Email | ItemFailure]:
        """See the port. An email whose body cannot be read is given without text and HTML."""
        without_body = partial(get_item.request, bodies=False)
        outcomes = await self._items(mailbox, ids, get_item.request if bodies else without_body, get_item.emails)
        unreadable = [
            item_id
            for item_id, outcome in zip(ids, outcomes, strict=True)
            if bodies and isinstance(outcome, Refusal) and faults.may_succeed_without_body(outcome)
        ]
        second = await self._items(mailbox, unreadable, without_body, get_item.emails)
        mended = dict(zip(unreadable, second, strict=True))
        return [
            faults.item_failure(item_id, outcome) if isinstance(outcome, Refusal) else outcome
            for item_id, first in zip(ids, outcomes, strict=True)
            for outcome in [mended.get(item_id, first)]
        ]

    async def existing(self, mailbox: Mailbox, ids: Sequence[str]) -> set[str]:
        """See the port."""
        outcomes = await self._items(mailbox, ids, get_item.ids_request, get_item.ids)
        return {
            item_id
            for item_id, outcome in zip(ids, outcomes, strict=True)
            if not (isinstance(outcome, Refusal) and outcome.exchange_code == faults.ITEM_NOT_FOUND)
        }

    async def locate(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, search_keys: Sequence[str], message_ids: Sequence[str]
    ) -> tuple[Located, ...]:
        """See the port. A server that cannot search by identity has these folders listed whole."""
        if not (folder_ids and (search_keys or message_ids)):
            return ()
        server = self._at(mailbox).server
        if not server.lacks(Gap.IDENTITY):
            try:
                return await self._search(mailbox, folder_ids, search_keys=search_keys, message_ids=message_ids)
            except Permanent as refused:
                if refused.code not in REFUSALS:
                    raise
        keys, names = set(search_keys), set(message_ids)
        found = [item async for item in self._located(mailbox, folder_ids, (), ())]
        server.note_gap(Gap.IDENTITY)
        return tuple(item for item in found if item.search_key in keys or item.internet_message_id in names)

    async def _search(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, search_keys: Sequence[str], message_ids: Sequence[str]
    ) -> tuple[Located, ...]:
        located: dict[str, Located] = {}
        identities = [*((key, "") for key in search_keys), *(("", message_id) for message_id in message_ids)]
        for some in batched(identities, find_item.MOST_IDENTITIES, strict=False):
            keys, named = [key for key, _ in some if key], [name for _, name in some if name]
            async for item in self._located(mailbox, folder_ids, keys, named):
                located[item.id] = item
        return tuple(located.values())

    async def _located(
        self, mailbox: Mailbox, folder_ids: Sequence[str], keys: Sequence[str], message_ids: Sequence[str]
    ) -> AsyncIterator[Located]:
        offset = -1
        next_offset: int | None = 0
        while next_offset is not None and next_offset > offset:
            offset = next_offset
            build = partial(
                find_item.locate_request,
                in_folders=folder_ids,
                search_keys=keys,
                message_ids=message_ids,
                offset=offset,
            )
            page = await self._ask(mailbox, find_item.NAME, build, find_item.LocateAnswer)
            for item in page.items:
                yield item
            next_offset = page.next_offset

    async def find_by_subject(
        self, mailbox: Mailbox, folder_ids: Sequence[str], subject: str, *, whole: bool, limit: int
    ) -> tuple[Located, ...]:
        """See the port."""
        size = min(limit, self._at(mailbox).lanes.size(mailbox.address, find_item.LARGEST_PAGE))
        build = partial(find_item.subject_request, in_folders=folder_ids, subject=subject, whole=whole, limit=size)
        try:
            found = await self._ask(mailbox, find_item.NAME, build, find_item.SubjectAnswer) if folder_ids else ()
        except Permanent as refused:
            if refused.code not in REFUSALS:
                raise
            pages = {folder_id: await self.find_items(mailbox, folder_id, since=None) for folder_id in folder_ids}
            found = tuple(
                Located(stub.id, folder_id, received=stub.received)
                for folder_id, page in pages.items()
                for stub in page.items
                if is_about(stub.subject, subject, whole=whole)
            )
        return tuple(sorted(found, key=lambda item: item.received or NEVER, reverse=True)[:limit])

    def attachment(self, mailbox: Mailbox, attachment_id: str) -> AsyncIterator[bytes]:
        """See the port."""
        build = partial(get_attachment.request, attachment_id=attachment_id)
        return self._at(mailbox).stream(mailbox, get_attachment.NAME, build, get_attachment.Answer)

    def mime(self, mailbox: Mailbox, item_id: str) -> AsyncIterator[bytes]:
        """See the port."""
        build = partial(get_item.mime_request, item_id=item_id)
        return self._at(mailbox).stream(mailbox, get_item.NAME, build, get_item.MimeAnswer)

    async def subscribe(
        self, mailbox: Mailbox, folder_ids: Sequence[str], *, url: str, frequency_minutes: int
    ) -> Subscribed:
        """See the port."""
        build = partial(subscribe.request, folders=folder_ids, url=url, frequency_minutes=frequency_minutes)
        return await self._ask(mailbox, subscribe.NAME, build, subscribe.Answer)

    async def send_mail(self, mailbox: Mailbox, mime: bytes) -> None:
        """See the port."""
        await self._ask(mailbox, create_item.NAME, partial(create_item.send_request, mime=mime), create_item.Answer)

    def server(self, mailbox: Mailbox) -> Server:
        """See the port."""
        return self._at(mailbox).server.server(mailbox.address)

    async def resolve(self, mailbox: Mailbox, address: str) -> tuple[Resolved, ...]:
        """See the port."""
        build = partial(resolve_names.request, address=address)
        return await self._ask(mailbox, resolve_names.NAME, build, resolve_names.Answer)

    async def autodiscover(self, attempt: Attempt) -> Discovered:
        """See the port."""
        self.counts["Autodiscover"] += 1
        return await self._autodiscover.ask(attempt)

    async def _ask[Fact](
        self, mailbox: Mailbox, operation: str, build: Build, new_answer: Callable[[], Answer[Fact]]
    ) -> Fact:
        return await self._at(mailbox).ask(mailbox, operation, build, new_answer)

    async def _items[Fact](
        self,
        mailbox: Mailbox,
        ids: Sequence[str],
        request: Callable[[Header, Sequence[str]], bytes],
        new_answer: Callable[[], Answer[tuple[Fact | Refusal, ...]]],
    ) -> list[Fact | Refusal]:
        """GetItem for any number of ids: cut into batches, and asked again for what a batch did not get round to."""
        outcomes: list[Fact | Refusal] = []
        endpoint = self._at(mailbox)
        known_as: list[str] = []
        while len(outcomes) < len(ids):
            size = endpoint.lanes.size(mailbox.address, endpoint.connection.batch_size)
            batch = ids[len(outcomes) : len(outcomes) + size]
            build = partial(_with_ids, request, batch)
            try:
                answered = await endpoint.ask(mailbox, get_item.NAME, build, new_answer, answered=known_as.append)
            except Permanent as refused:
                # `ask` has halved what this mailbox is asked for at once.
                if refused.code != "request-too-large" or len(batch) == 1:
                    raise
                continue
            if endpoint.server.leave_out(_refused_by_all(answered)):
                continue
            if len(answered) != len(batch):
                raise Transient("answer-truncated", f"{len(answered)} outcomes for {len(batch)} items")
            done = [_known_as(outcome, known_as[-1]) for outcome in takewhile(_was_executed, answered)]
            self._note(mailbox, done)
            if not done:
                raise Transient("exchange-busy", "Exchange executed nothing of the batch")
            outcomes += done
        return outcomes

    def _note(self, mailbox: Mailbox, outcomes: Sequence[object]) -> None:
        """Raise what is no item's own failure; keep to the pause that an item's refusal asks for."""
        for outcome in outcomes:
            if isinstance(outcome, Refusal):
                if faults.concerns_mailbox(outcome):
                    raise faults.error(outcome)
                if outcome.retry_after is not None:
                    self._at(mailbox).lanes.pause(mailbox.address, outcome.retry_after)

    def _at(self, mailbox: Mailbox) -> Endpoint:
        place = mailbox.connection, mailbox.url
        found = self._endpoints.get(place)
        if found is None:
            connection = self._connections.get(mailbox.connection)
            if connection is None:
                raise Reconfigure("connection-unknown", f"there is no connection named {mailbox.connection!r}")
            found = self._endpoints[place] = Endpoint(
                replace(connection, url=mailbox.url or connection.url),
                self._secrets,
                self._authorizations[connection.name],
                now=self._now,
                new_id=self._new_id,
                counts=self.counts,
            )
        return found


def _refused_by_all(outcomes: Sequence[object]) -> tuple[str, ...]:
    """The properties for which the server refuses every item: it has not got them, whatever the item."""
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    if len(refusals) < len(outcomes) or not all(
        faults.is_refused_property(each.exchange_code, each.paths) for each in refusals
    ):
        return ()
    return tuple(path for each in refusals for path in each.paths)


def _known_as[Fact](outcome: Fact | Refusal, request_id: str) -> Fact | Refusal:
    return replace(outcome, request_id=request_id) if isinstance(outcome, Refusal) else outcome


def _was_executed(outcome: object) -> bool:
    return not (isinstance(outcome, Refusal) and outcome.exchange_code == faults.NOT_EXECUTED)


def _with_ids(request: Callable[[Header, Sequence[str]], bytes], ids: Sequence[str], header: Header) -> bytes:
    return request(header, ids)
