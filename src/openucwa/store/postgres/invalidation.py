"""Cache invalidation: before anything cached is used, a query that waiting requests share asks what was committed.

Each transaction writes a new number into the bucket of each owner whose rows it changes. A query sees everything that
was committed before it began (read committed), so a request that arrived before the query was sent is answered from a
cache only if the owner's number is still the one that was known before the cached data was read. No message has to
arrive for that: neither a late bus nor a lost connection can break it.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from openucwa.model.refusals import Refusal
from openucwa.store.changes import Invalidations
from openucwa.store.contract import Outdated
from openucwa.store.engine import Reader
from openucwa.store.postgres.connection import Database

#: Buckets are shared by hash, so that the table stays small. Owners with the same bucket are invalidated together.
BUCKETS = 2**20
#: The bucket of changes of anybody's rows.
ALL = -1
#: The setting of a transaction that writes its marks itself; for others the triggers of migration 7 do.
MARKS = "openucwa.marks"

#: Numbers in a bucket: this many own commits between two queries are distinguishable from those of others.
LATEST = 8

#: Owners whose number is known. When there are more, all are dropped: those in use come back at once.
MAX_OWNERS = 20_000
#: Maximum number of own commits that are remembered.
MAX_OWN = 1_000
#: Timeout of a query in seconds; after it, nothing cached is used.
PATIENCE = 1.0

_VERSION = "select version from store_version"
_COLUMNS = ", ".join(f"numbers[{place}]" for place in range(1, LATEST + 1))
_NUMBERS = f"select bucket, {_COLUMNS} from invalidations where bucket = any(?)"  # noqa: S608  # constants

#: The numbers in a bucket that is not there.
_NEVER = (0,)

logger = logging.getLogger(__name__)


class _OwnCommit:
    """What a commit of this process makes outdated, as far as listeners have not been notified. None: anybody's rows.

    `begun`: how many invalidations there had been when the commit was sent.
    """

    def __init__(self, outdated: frozenset[Outdated] | None, begun: int) -> None:
        self.outdated = outdated
        self.whole = outdated or ()
        self.begun = begun

    def take(self, owner: str | None = None) -> frozenset[Outdated]:
        """What listeners have not been notified of, for `owner` (None: anyone); from now on it counts as notified."""
        if self.outdated is None:
            return frozenset()
        taken = self.outdated if owner is None else frozenset(each for each in self.outdated if each[0] == owner)
        self.outdated -= taken
        return taken


class _Query:
    """A query that is waiting or in progress: its owners, with their buckets, and the futures of its callers."""

    def __init__(self) -> None:
        self.owners: dict[str, int] = {}
        self.waiting: list[asyncio.Future[bool]] = []


class Invalidation:
    """`store.read_cache.Freshness` on PostgreSQL."""

    def __init__(self, database: Database, reader: Reader) -> None:
        self.invalidations = Invalidations()
        self._database = database
        self._reader = reader
        #: What is cached of an owner was read when its number was this one, or later.
        self._numbers: dict[str, int] = {}
        self._all: tuple[int, int] | None = None
        self._own: dict[int, _OwnCommit] = {}
        self._next: _Query | None = None
        self._refreshed: set[str] = set()
        self._refreshed_by: asyncio.Task[Any] | None = None
        self._working: asyncio.Task[None] | None = None

    def follows(self, owner: str) -> bool:
        """As `Freshness.follows`."""
        return owner in self._numbers

    def refresh(self, owner: str) -> bool | Awaitable[bool]:
        """As `Store.refresh`. At once where this task has awaited a refresh, and nothing else since: so the reads of a
        request whose results are all cached need one query.
        """
        if owner in self._refreshed and self._refreshed_by is asyncio.current_task():
            return True
        return self._refresh(owner)

    async def _refresh(self, owner: str) -> bool:
        if self._database.standby or not await self._asked(owner):
            return False
        task = asyncio.current_task()
        if self._refreshed_by is not task:
            self._refreshed_by = task
            self._refreshed.clear()
        self._refreshed.add(owner)
        # Whatever the task awaits next, this comes before it goes on.
        asyncio.get_running_loop().call_soon(self._refreshed.clear)
        return True

    def _asked(self, owner: str) -> "asyncio.Future[bool]":
        """Whether a query that has not been sent yet was answered."""
        if self._next is None:
            self._next = _Query()
            if self._working is None or self._working.done():
                # A task begins in the loop's next round, so that all who ask in this one share the query.
                self._working = asyncio.get_running_loop().create_task(self._work_off())
        query = self._next
        if owner not in query.owners:
            query.owners[owner] = bucket_of(owner)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        query.waiting.append(answer)
        return answer

    async def close(self) -> None:
        """Finishes what is in progress."""
        while self._working is not None and not self._working.done():
            await asyncio.wait({self._working})

    def committing(self, outdated: frozenset[Outdated] | None) -> tuple[int, str]:
        """A number for a transaction that is about to be committed, and the statement that has to be its last.

        `outdated`: as for `Store.on_invalidate`.
        """
        # Random, so that no number comes back after a failover that lost some.
        number = secrets.randbits(62) + 1
        while len(self._own) >= MAX_OWN:
            del self._own[next(iter(self._own))]
        self._own[number] = _OwnCommit(outdated, self.invalidations.count)
        buckets = (ALL,) if outdated is None else sorted(set(map(bucket_of, {owner for owner, _ in outdated})))
        values = ", ".join(f"({bucket}, array[{number}, 0])" for bucket in buckets)
        # In the order of the buckets, so that no two transactions wait for each other.
        return number, (
            f"insert into invalidations (bucket, numbers) values {values} on conflict (bucket)"  # noqa: S608  # numbers
            f" do update set numbers = excluded.numbers[1] || invalidations.numbers[1:{LATEST - 1}]"
        )

    def committed(self, number: int) -> bool:
        """Is called after that commit, before any caller learns that the change was made.

        Returns whether nothing else that is known has changed the same rows since the commit was sent.
        """
        own = self._own.get(number)
        if own is None or own.outdated is None:
            self.invalidations.notify(None)
            return False
        nothing_since = not any(self.invalidations.since(own.begun, *each) for each in own.whole)
        if outdated := own.take():
            self.invalidations.notify(outdated)
        return nothing_since

    def failed(self, number: int) -> None:
        """Is called where that transaction was not committed, or nobody knows."""
        self._own.pop(number, None)

    async def _work_off(self) -> None:
        while (query := self._next) is not None:
            self._next = None
            fresh = await self._ask(query)
            for answer in query.waiting:
                if not answer.done():
                    answer.set_result(fresh)

    async def _ask(self, query: _Query) -> bool:
        """Asks for the numbers of the query's owners, and notifies listeners of those that have changed."""
        buckets = sorted({ALL, *query.owners.values()})
        try:
            async with asyncio.timeout(min(PATIENCE, self._database.timeout)):
                ((version,),), found = await self._reader.read((_VERSION, ()), (_NUMBERS, (buckets,)))
        except (Refusal, TimeoutError):
            return False  # the reads that are made instead report it
        except Exception:
            logger.exception("checking whether the caches are up to date failed")
            return False
        self._update(query, version, {bucket: latest for bucket, *latest in found})
        return True

    def _update(self, query: _Query, version: int, numbers: Mapping[int, Sequence[int]]) -> None:
        of_all = (version, numbers.get(ALL, _NEVER)[0])
        if of_all != self._all or len(self._numbers) >= MAX_OWNERS:
            self._all = of_all
            self._numbers.clear()
            self.invalidations.notify(None)
        outdated: set[Outdated] = set()
        for owner, bucket in query.owners.items():
            latest = numbers.get(bucket, _NEVER)
            known = self._numbers.get(owner)
            if known != latest[0]:
                outdated |= self._since(known, latest, owner)
                self._numbers[owner] = latest[0]
        if outdated:
            self.invalidations.notify(frozenset(outdated))

    def _since(self, known: int | None, latest: Sequence[int], owner: str) -> set[Outdated]:
        """What is outdated of `owner`, whose number was `known`: what own commits changed, or else everything."""
        outdated: set[Outdated] = set()
        for number in latest:
            if number == known:
                return outdated
            if (own := self._own.get(number)) is None:
                break
            outdated |= own.take(owner)
        return {(owner, None)}


@lru_cache(maxsize=10_000)
def bucket_of(owner: str) -> int:
    """The bucket that the owner's number is in, as `invalidation_bucket` of migration 7."""
    return int.from_bytes(sha256(owner.encode()).digest()[:3]) >> 4
