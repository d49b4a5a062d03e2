"""The search for people."""

from dataclasses import replace

from openucwa.model.contact import Relationship
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.search import query_words
from openucwa.model.user import User
from openucwa.store.contract import Store
from openucwa.store.sql import SqlStore
from tests.contract.samples import AT, DAN, MANY, user
from tests.users import ALEX, LENE

VIEWER = "sip:viewer@contoso.com"


async def found(store: Store, query: str, after: str = "", limit: int = MANY) -> list[str]:
    words = query_words(query)
    return [person.user.uri for person in await store.people.search(words, VIEWER, after, limit)]


async def with_users(store: Store) -> None:
    await store.users.add(user(LENE, name="Lene Aaling", work_phone="tel:+4570555501;ext=77"))
    await store.users.add(user(DAN, name="Dan Lenz", email="d.l@mail.example"))
    await store.users.add(user(ALEX, name="Ålex Ødegård", email=None))


async def test_user_is_found_by_the_beginning_of_a_word_of_the_name(store: Store) -> None:
    await with_users(store)
    assert await found(store, "len") == [DAN, LENE]
    assert await found(store, "LENE") == [LENE]
    assert await found(store, "ene") == []


async def test_each_word_of_a_query_must_match(store: Store) -> None:
    await with_users(store)
    assert await found(store, "len aal") == [LENE]
    assert await found(store, "aal len nobody") == []


async def test_accents_and_case_do_not_matter(store: Store) -> None:
    await with_users(store)
    assert await found(store, "alex") == [ALEX]
    assert await found(store, "ÅLEX øde") == [ALEX]


async def test_user_is_found_by_address_and_mail(store: Store) -> None:
    await with_users(store)
    assert await found(store, "alexd@contoso.com") == [ALEX]
    assert await found(store, "sip:AlexD@cont") == [ALEX]
    assert await found(store, "d.l@mail.example") == [DAN]


async def test_user_is_found_by_number(store: Store) -> None:
    await with_users(store)
    for query in ("tel:+4570555501", "+45 70 55 55 01", "70-5555", "(45) 705"):
        assert await found(store, query) == [LENE], query


async def test_query_without_words_finds_nobody(store: Store) -> None:
    await with_users(store)
    assert await found(store, " .,- ") == []


async def test_wildcards_have_no_meaning(store: Store) -> None:
    await with_users(store)
    for query in ("%", "_", "*", "l%", "' or 1=1 --"):
        assert await found(store, query) == (await found(store, "l") if query == "l%" else []), query


async def test_results_are_read_in_portions(store: Store) -> None:
    await with_users(store)
    assert await found(store, "len", limit=1) == [DAN]
    assert await found(store, "len", after=DAN, limit=1) == [LENE]


async def test_result_has_the_level_that_the_viewer_sees(store: Store) -> None:
    await with_users(store)
    await store.contacts.set_relationship(LENE, None, Relationship(VIEWER, PrivacyLevel.BLOCKED, "1"), MANY, AT)
    assert [person.level for person in await store.people.search(("len",), VIEWER, "", MANY)] == [
        None,
        PrivacyLevel.BLOCKED,
    ]
    seen = await store.people.seen([LENE, ALEX, "sip:nobody@contoso.com"], VIEWER)
    assert [(person.user.uri, person.level) for person in seen] == [(ALEX, None), (LENE, PrivacyLevel.BLOCKED)]
    assert await store.people.seen([], VIEWER) == []


async def test_renamed_user_is_found_by_the_new_name_only(store: Store) -> None:
    said = User(LENE, "Lene", None, None, "", source="https://id.contoso.com")
    await store.users.admit(said, create=True)
    await store.users.admit(replace(said, name="Margrethe"), create=True)
    assert await found(store, "margr") == [LENE]
    assert await found(store, "lene ") == [LENE], "by the address"
    await store.users.admit(replace(said, name="Ingrid"), create=True)
    assert await found(store, "margr") == []


async def test_removed_user_is_not_found(store: Store) -> None:
    await with_users(store)
    await store.users.remove(LENE, AT)
    assert await found(store, "lene") == []


async def test_user_changed_by_an_earlier_version_is_indexed_later(store: Store) -> None:
    await with_users(store)
    assert isinstance(store, SqlStore)
    await store.writer.run(LENE, "update users set name = ? where uri = ?", "Margrethe", LENE)
    assert await store.people.index(MANY) == 1
    assert await store.people.index(MANY) == 0
    assert await found(store, "margr") == [LENE]
