"""The index of the words that users are found by."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence

from openucwa.model.contact import Person
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.search import user_words
from openucwa.model.user import User
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import USERS

_USER = f"select {USERS.columns} from users where uri = ?"

#: What precedes the condition: users `u`, and the levels that they let viewer `?` see.
_SEEN = f"""
    select {USERS.columns_of("u")}, p.level from users u
    left join privacy_relationships p on p.owner = u.uri and p.uri = ?
"""
_HAS_WORD = "u.uri in (select uri from user_words where word >= ? and word < ?)"
_UNINDEXED = "select uri from users where searchable = 0 order by uri limit ?"
#: Behind every character of a word.
_LAST = "\U0010ffff"


class People(Part):
    """`store.contract.People`, where each method is described."""

    async def seen(self, uris: Sequence[str], viewer: str) -> Sequence[Person]:
        if not uris:
            return []
        places = ", ".join("?" * len(uris))
        rows = await self._reader.rows(_SEEN + f"where u.uri in ({places}) order by u.uri", viewer, *uris)
        return [person_of(row) for row in rows]

    async def search(self, words: Sequence[str], viewer: str, after: str, limit: int) -> Sequence[Person]:
        if not words:
            return []
        condition = " and ".join([_HAS_WORD] * len(words))
        bounds = [bound for word in words for bound in (word, word + _LAST)]
        rows = await self._reader.rows(
            _SEEN + f"where {condition} and u.disabled = 0 and u.uri > ? order by u.uri limit ?",
            viewer,
            *bounds,
            after,
            limit,
        )
        return [person_of(row) for row in rows]

    async def index(self, limit: int) -> int:
        async def work(transaction: Transaction) -> int:
            missing = await transaction.rows(_UNINDEXED, limit)
            for (uri,) in missing:
                await transaction.lock(uri)
                row = await transaction.row(_USER, uri)
                if row is not None:
                    await write(transaction, USERS.record(row))
            return len(missing)

        if not await self._reader.rows(_UNINDEXED, 1):
            return 0
        return await self._writer.change(work)


def person_of(row: Row) -> Person:
    """From the columns of a user, and a level."""
    return Person(USERS.record(row), level_of(row[USERS.width]))


def level_of(text: str | None) -> PrivacyLevel | None:
    """The value of a column."""
    return None if text is None else PrivacyLevel(text)


async def write(transaction: Transaction, user: User) -> None:
    """Writes the words of a user, whose key the change holds."""
    await transaction.run("delete from user_words where uri = ?", user.uri)
    words = user_words(user)
    if words:
        rows = ", ".join(["(?, ?)"] * len(words))
        values = [value for word in words for value in (word, user.uri)]
        await transaction.run(f"insert into user_words (word, uri) values {rows}", *values)
    await transaction.run("update users set searchable = 1 where uri = ?", user.uri)
