"""Users and signing keys, as `store.contract.Users` describes them."""

from dataclasses import replace

import pytest

from openucwa.model.event import ChannelState, NewEvent, application_topic
from openucwa.model.refusals import AlreadyExists, ApplicationNotFound, Conflict, ResourceNotFound, Unauthorized
from openucwa.model.user import SigningKey, User
from openucwa.store.contract import Ending, Store
from tests.contract.samples import AT, DAN, MANY, MEETING, application, assigned, extension, meeting, user, with_meeting
from tests.users import LENE


async def test_user_is_read_as_added(store: Store) -> None:
    await store.users.add(user())
    assert await store.users.get(LENE) == user()


async def test_user_may_lack_email_and_pool(store: Store) -> None:
    await store.users.add(user(email=None, pool=None))
    assert await store.users.get(LENE) == user(email=None, pool=None)


async def test_unknown_user_is_none(store: Store) -> None:
    assert await store.users.get(LENE) is None


async def test_uri_is_stored_in_lower_case(store: Store) -> None:
    await store.users.add(user("sip:LeneA@Contoso.COM"))
    assert await store.users.get(LENE) == user()


async def test_uri_is_taken_once_whatever_its_case(store: Store) -> None:
    await store.users.add(user())
    with pytest.raises(AlreadyExists):
        await store.users.add(user("sip:LENEA@contoso.com", name="Another"))
    assert await store.users.get(LENE) == user()


async def test_users_are_listed_by_uri(store: Store) -> None:
    for uri in (LENE, "sip:zoe@contoso.com", DAN):
        await store.users.add(user(uri))
    assert [found.uri for found in await store.users.all()] == [DAN, LENE, "sip:zoe@contoso.com"]


async def test_part_before_the_at_finds_its_users_in_all_domains(store: Store) -> None:
    for uri in ("sip:dan@fabrikam.com", DAN, "sip:dana@contoso.com", "sip:da@contoso.com", "sip:d_n@contoso.com"):
        await store.users.add(user(uri))
    assert [found.uri for found in await store.users.with_local_part("dan")] == [DAN, "sip:dan@fabrikam.com"]


@pytest.mark.parametrize("local_part", ["d%", "d_n", "da*", ""])
async def test_local_part_is_not_treated_as_a_pattern(store: Store, local_part: str) -> None:
    await store.users.add(user(DAN))
    assert await store.users.with_local_part(local_part) == []


async def test_changed_password_is_of_the_next_generation(store: Store) -> None:
    await store.users.add(user())
    await store.users.change_password(LENE, "another")
    await store.users.change_password(LENE, "a third")
    assert await store.users.get(LENE) == replace(user(), password_hash="a third", generation=3)


async def test_user_who_is_added_again_has_a_generation_that_the_removed_one_never_had(store: Store) -> None:
    await store.users.add(user())
    await store.users.add(user(DAN))
    for _ in range(3):
        await store.users.change_password(LENE, "another")
    await store.users.remove(DAN, AT)
    await store.users.remove(LENE, AT)
    for uri, highest in ((LENE, 4), (DAN, 1)):
        await store.users.add(user(uri))
        again = await store.users.get(uri)
        assert again is not None
        assert again.generation > highest


async def test_password_of_an_unknown_user_cannot_be_changed(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await store.users.change_password(LENE, "another")


async def test_removed_user_leaves_nothing(store: Store) -> None:
    await store.users.add(user())
    await store.applications.open(application("101", "one"), None, 1, 1)
    await store.applications.open(application("102", "two"), None, 2, 1)
    await store.channels.write(LENE, "102", "", 0, ChannelState(served=1))
    own = application_topic(LENE, "102")
    await store.events.append(AT, [NewEvent(own, "resume")])
    await with_meeting(store, "slides")
    await store.meetings.assigned(assigned())

    await store.users.remove(LENE, AT)

    assert await store.users.get(LENE) is None
    for application_id in ("101", "102"):
        with pytest.raises(ApplicationNotFound):
            await store.applications.session(LENE, application_id)
    assert await store.channels.get(LENE, "102", "") == ChannelState()
    assert await store.meetings.all(LENE) == []
    with pytest.raises(ResourceNotFound):
        await store.extensions.get(LENE, "ABCD1234", "slides")
    assert await store.events.after({own: 0}, MANY) == []


async def test_removed_users_conference_ids_are_free_again(store: Store) -> None:
    await store.users.add(user())
    await store.meetings.add(meeting(), MANY)
    await store.users.remove(LENE, AT)
    await store.meetings.add(meeting(), MANY)
    assert await store.meetings.get(LENE, MEETING) == meeting()


async def test_other_users_keep_their_data(store: Store) -> None:
    longer = LENE + "x"
    for uri in (LENE, DAN, longer):
        await store.users.add(user(uri))
        await store.applications.open(application(owner=uri), None, 1, MANY)
        await store.events.append(AT, [NewEvent(application_topic(uri, "101"), "resume")])
        await with_meeting(store, "slides", organizer=uri)

    await store.users.remove(LENE, AT)

    for uri in (DAN, longer):
        assert (await store.applications.session(uri, "101")).generation == 1
        assert await store.extensions.get(uri, "ABCD1234", "slides") == extension()
        assert len(await store.events.after({application_topic(uri, "101"): 0}, MANY)) == 1


async def test_unknown_user_cannot_be_removed(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await store.users.remove(LENE, AT)


async def test_signing_keys_are_listed_newest_first(store: Store) -> None:
    keys = [SigningKey("old", b"\x00\xff", 1), SigningKey("new", b"n", 3), SigningKey("middle", b"m", 2)]
    for key in keys:
        await store.signing_keys.add(key)
    assert await store.signing_keys.all() == [keys[1], keys[2], keys[0]]


async def test_last_added_of_simultaneous_keys_is_the_newest(store: Store) -> None:
    for key_id in ("b", "c", "a"):
        await store.signing_keys.add(SigningKey(key_id, b"", 1))
    assert [key.id for key in await store.signing_keys.all()] == ["a", "c", "b"]


async def test_keys_id_is_taken_once(store: Store) -> None:
    await store.signing_keys.add(SigningKey("1", b"first", 1))
    with pytest.raises(AlreadyExists):
        await store.signing_keys.add(SigningKey("1", b"second", 2))
    assert await store.signing_keys.all() == [SigningKey("1", b"first", 1)]


async def test_removed_key_is_gone(store: Store) -> None:
    for key_id in ("1", "2"):
        await store.signing_keys.add(SigningKey(key_id, b"", int(key_id)))
    await store.signing_keys.remove("2")
    assert [key.id for key in await store.signing_keys.all()] == ["1"]


async def test_unknown_key_cannot_be_removed(store: Store) -> None:
    await store.signing_keys.add(SigningKey("1", b"", 1))
    with pytest.raises(ResourceNotFound):
        await store.signing_keys.remove("2")


async def test_last_key_cannot_be_removed(store: Store) -> None:
    for key_id in ("1", "2"):
        await store.signing_keys.add(SigningKey(key_id, b"", 1))
    await store.signing_keys.remove("1")
    with pytest.raises(Conflict):
        await store.signing_keys.remove("2")
    assert [key.id for key in await store.signing_keys.all()] == ["2"]


SOURCE = "https://id.contoso.com"


def vouched_for(**more: str | None) -> User:
    return replace(user(), password_hash="", source=SOURCE, **more)  # type: ignore[arg-type]


async def test_user_of_a_directory_is_added(store: Store) -> None:
    new = vouched_for(title="Engineer", department="Research", work_phone="1", mobile_phone="2", home_phone="3")
    assert await store.users.admit(new, create=True) == new
    assert await store.users.get(LENE) == new


async def test_unknown_user_is_added_only_where_that_is_set(store: Store) -> None:
    assert await store.users.admit(vouched_for(), create=False) is None
    assert await store.users.get(LENE) is None


async def test_details_of_a_directorys_user_are_updated(store: Store) -> None:
    await store.users.admit(vouched_for(title="Engineer"), create=True)
    changed = vouched_for(
        name="Lene Birk", email=None, title="Director", other_phone="9", company="Contoso", office="2/14"
    )
    assert await store.users.admit(changed, create=False) == changed
    assert await store.users.get(LENE) == changed


@pytest.mark.parametrize("source", [None, "https://another.contoso.com"])
async def test_what_another_source_says_of_a_user_changes_nothing(store: Store, source: str | None) -> None:
    known = replace(user(), source=source)
    await store.users.add(known)
    assert await store.users.admit(vouched_for(name="Mallory"), create=True) == known
    assert await store.users.get(LENE) == known


async def test_removed_user_is_not_added_again_by_a_directory(store: Store) -> None:
    await store.users.admit(vouched_for(), create=True)
    await store.users.remove(LENE, AT)
    assert await store.users.admit(vouched_for(), create=True) is None
    assert await store.users.get(LENE) is None


async def test_removed_user_can_be_added_again(store: Store) -> None:
    await store.users.add(user())
    await store.users.remove(LENE, AT)
    await store.users.add(user())
    assert await store.users.admit(vouched_for(), create=True) is not None
    await store.users.remove(LENE, AT)
    assert await store.users.admit(vouched_for(), create=True) is None


async def test_disabled_user_is_not_admitted_and_has_new_generation(store: Store) -> None:
    await store.users.add(user(source="https://issuer.contoso.com"))
    assert await store.users.disable(LENE, AT)
    found = await store.users.get(LENE)
    assert found is not None
    assert (found.disabled, found.generation) == (True, 2)
    assert await store.users.admit(user(source="https://issuer.contoso.com"), create=True) is None


async def test_disabling_user_ends_all_applications_and_keeps_meetings(store: Store) -> None:
    await store.users.add(user())
    await with_meeting(store, "slides")
    await store.applications.open(application(), None, AT, MANY)
    await store.users.disable(LENE, AT + 1)
    assert await store.applications.all(LENE) == []
    assert (await store.meetings.get(LENE, MEETING)).id == MEETING


async def test_disabling_twice_changes_nothing_the_second_time(store: Store) -> None:
    await store.users.add(user())
    assert await store.users.disable(LENE, AT)
    disabled = await store.users.get(LENE)
    assert not await store.users.disable(LENE, AT)
    assert await store.users.get(LENE) == disabled


async def test_enabled_user_is_admitted_again_and_old_generation_stays_revoked(store: Store) -> None:
    await store.users.add(user())
    await store.users.disable(LENE, AT)
    assert await store.users.enable(LENE)
    assert not await store.users.enable(LENE)
    assert await store.users.admit(user(), create=False) == replace(user(), generation=2)


async def test_disabled_user_is_not_found_by_search(store: Store) -> None:
    await store.users.add(user(name="Lene Aaling"))
    assert [found.user.uri for found in await store.people.search(["aaling"], DAN, "", MANY)] == [LENE]
    await store.users.disable(LENE, AT)
    assert await store.people.search(["aaling"], DAN, "", MANY) == []


async def test_revoking_ends_applications_but_the_one_to_keep(store: Store) -> None:
    await store.users.add(user())
    await store.applications.open(application(), None, AT, MANY)
    await store.applications.open(application("102", "other"), None, AT, MANY)
    assert await store.users.revoke(LENE, Ending(AT + 1, "102")) == 2
    assert [each.application.id for each in await store.applications.all(LENE)] == ["102"]


async def test_password_that_another_request_changed_is_not_changed_again(store: Store) -> None:
    await store.users.add(user())
    await store.users.change_password(LENE, "second", was=user().password_hash)
    with pytest.raises(Conflict):
        await store.users.change_password(LENE, "third", was=user().password_hash)
    found = await store.users.get(LENE)
    assert found is not None
    assert found.password_hash == "second"


async def test_request_whose_token_was_revoked_meanwhile_revokes_nothing(store: Store) -> None:
    await store.users.add(user())
    await store.applications.open(application(), None, AT, MANY)
    await store.users.revoke(LENE, Ending(AT, "101"), generation=1)
    with pytest.raises(Unauthorized):
        await store.users.revoke(LENE, Ending(AT), generation=1)
    assert await store.users.get(LENE) == replace(user(), generation=2)
    assert [each.application.id for each in await store.applications.all(LENE)] == ["101"]


async def test_user_who_was_disabled_meanwhile_changes_no_password(store: Store) -> None:
    await store.users.add(user())
    await store.users.disable(LENE, AT)
    with pytest.raises(Unauthorized):
        await store.users.change_password(LENE, "second", was=user().password_hash)
    assert await store.users.change_password(LENE, "of an administrator") == 3


@pytest.mark.parametrize("change", ["disable", "enable", "revoke"])
async def test_unknown_user_cannot_be_disabled_enabled_or_signed_out(store: Store, change: str) -> None:
    changes = {
        "disable": store.users.disable(LENE, AT),
        "enable": store.users.enable(LENE),
        "revoke": store.users.revoke(LENE, Ending(AT)),
    }
    tried = changes.pop(change)
    for other in changes.values():
        other.close()
    with pytest.raises(ResourceNotFound):
        await tried
