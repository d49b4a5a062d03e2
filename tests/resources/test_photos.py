"""photo, contactPhoto and openucwa:photo, over the protocol."""

from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.model.photo import PHOTO_SIZES, PhotoOrigin
from openucwa.model.scopes import CONTACTS, MEETINGS, USER
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.pictures.images import bomb, opened, photo
from tests.resources.conftest import SignedIn
from tests.resources.test_scopes import token_with
from tests.users import DANA, LENE

JPEG = {"Content-Type": "image/jpeg"}


def own(client: UcwaClient) -> str:
    """The href of openucwa:photo."""
    return f"{client.app}/openucwa/photo"


def picture(client: UcwaClient, uri: str = LENE) -> str:
    return f"{client.app}/photos/{uri.removeprefix('sip:')}"


async def set_photo(client: UcwaClient, **options: Any) -> bytes:
    """Sets the user's photo; what was sent."""
    sent = photo(**options)
    answer = await client.put(own(client), content=sent, headers=JPEG)
    assert answer.status_code == 204, answer.text
    return sent


def side(answer: httpx.Response) -> int:
    """The width of the JPEG or PNG that was answered."""
    assert answer.status_code == 200, answer.text
    image = opened(answer.content)
    assert image.width == image.height
    assert answer.headers["Content-Type"] == f"image/{(image.format or '').lower()}"
    return image.width


# Which picture


async def test_user_who_has_no_photo_is_shown_by_initials(lene: UcwaClient) -> None:
    answer = await lene.get(f"{lene.app}/photo", headers={"Accept": "image/svg+xml,image/*;q=0.8"})
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert ">LA</text>" in answer.text


@pytest.mark.parametrize("accept", ["image/*", "image/jpeg", "application/json", "*/*", "image/svg+xml;q=0"])
async def test_initials_are_a_png_unless_svg_is_named(lene: UcwaClient, accept: str) -> None:
    answer = await lene.get(f"{lene.app}/photo", headers={"Accept": accept})
    assert side(answer) == 48
    assert answer.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("size", "width"), [("HR48X48", 48), ("hr64x64", 64), ("96X96", 96), ("HR9999X9999", 648), ("HR1X1", 16)]
)
async def test_initials_have_the_size_that_is_asked_for(lene: UcwaClient, size: str, width: int) -> None:
    assert side(await lene.get(f"{lene.app}/photo?size={size}")) == width
    drawn = await lene.get(f"{lene.app}/photo?size={size}", headers={"Accept": "image/svg+xml"})
    assert f'width="{width}"' in drawn.text


async def test_photo_that_was_set_is_shown_in_the_size_that_is_asked_for(lene: UcwaClient) -> None:
    await set_photo(lene)
    assert side(await lene.get(picture(lene))) == 48
    for size in PHOTO_SIZES[:4]:
        answer = await lene.get(f"{picture(lene)}?size=HR{size}X{size}")
        assert side(answer) == size
        assert answer.headers["Content-Type"] == "image/jpeg"


async def test_size_between_two_is_answered_by_the_larger_one(lene: UcwaClient) -> None:
    await set_photo(lene)
    assert side(await lene.get(f"{picture(lene)}?size=HR120X120")) == 240
    assert side(await lene.get(f"{picture(lene)}?Size=HR504X504")) == 240  # the largest there is


@pytest.mark.parametrize("size", ["large", "HR48", "HR48X", "HR-1X-1", "48", "HR99999X99999", "x" * 30])
async def test_malformed_size_is_refused(lene: UcwaClient, size: str) -> None:
    answer = await lene.get(f"{picture(lene)}?size={size}")
    assert (answer.status_code, answer.json()["subcode"]) == (400, "ParameterValidationFailure")


async def test_links_of_me_contact_and_participant_lead_to_the_photo(lene: UcwaClient, dana: UcwaClient) -> None:
    await set_photo(lene)
    me = (await lene.get(f"{lene.app}/me")).json()
    contact = (await dana.get(f"{dana.app}/people/lenea@contoso.com")).json()
    assert side(await lene.get(me["_links"]["photo"]["href"])) == 48
    assert me["_links"]["photo"]["href"] == picture(lene)
    assert side(await dana.get(contact["_links"]["contactPhoto"]["href"])) == 48
    assert contact["_links"]["contactPhoto"]["href"] == picture(dana)


@pytest.mark.parametrize(
    "segment", ["photo", "photo/lenea@contoso.com", "photos/LeneA@Contoso.com", "people/lenea@contoso.com/contactPhoto"]
)
async def test_other_spellings_lead_to_the_same_photo(lene: UcwaClient, segment: str) -> None:
    await set_photo(lene)
    expected = await lene.get(picture(lene))
    assert (await lene.get(f"{lene.app}/{segment}")).content == expected.content


async def test_photo_of_an_unknown_user_is_not_found(lene: UcwaClient) -> None:
    answer = await lene.get(picture(lene, "sip:nobody@contoso.com"))
    assert answer.status_code == 404


# Caching


async def test_unchanged_photo_is_not_sent_again(lene: UcwaClient) -> None:
    for headers in ({}, {"Accept": "image/svg+xml"}):
        first = await lene.get(picture(lene), headers=headers)
        again = await lene.get(picture(lene), headers={"If-None-Match": first.headers["ETag"], **headers})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == "private, no-cache"
    await set_photo(lene)
    changed = await lene.get(picture(lene), headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    again = await lene.get(picture(lene), headers={"If-None-Match": changed.headers["ETag"]})
    assert again.status_code == 304


async def test_each_size_has_an_etag_of_its_own(lene: UcwaClient) -> None:
    await set_photo(lene)
    etags = {(await lene.get(f"{picture(lene)}?size=HR{size}X{size}")).headers["ETag"] for size in PHOTO_SIZES[:4]}
    assert len(etags) == 4


async def test_photo_is_not_compressed_again(lene: UcwaClient) -> None:
    await set_photo(lene)
    answer = await lene.get(picture(lene), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# Setting it


async def test_photo_is_removed(lene: UcwaClient) -> None:
    before = await lene.get(picture(lene))
    await set_photo(lene)
    answers = [(await lene.delete(own(lene))).status_code for _ in range(2)]
    assert answers == [204, 204]
    assert (await lene.get(picture(lene))).content == before.content


async def test_index_leads_to_the_resource_that_sets_the_photo(lene: UcwaClient) -> None:
    index = (await lene.get(f"{lene.app}/openucwa")).json()
    assert index["_links"]["openucwa:photo"]["href"] == own(lene)


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"hello", "image/jpeg", 400),
        (b"", "image/jpeg", 400),
        (photo(), "text/html", 415),
        (photo(), "image/svg+xml", 415),
        (bomb(60_000, 40_000), "image/png", 413),
    ],
)
async def test_invalid_photo_is_refused_and_the_old_one_stays(
    lene: UcwaClient, content: bytes, content_type: str, status: int
) -> None:
    await set_photo(lene)
    before = await lene.get(picture(lene))
    answer = await lene.put(own(lene), content=content, headers={"Content-Type": content_type})
    assert answer.status_code == status, answer.text
    assert (await lene.get(picture(lene))).content == before.content


async def test_user_sets_only_their_own_photo(lene: UcwaClient, dana: UcwaClient) -> None:
    before = await dana.get(picture(dana, DANA))
    await set_photo(lene)
    for method in ("PUT", "POST", "DELETE"):
        assert (await lene.request(method, picture(lene, DANA), content=photo(), headers=JPEG)).status_code == 405
    answer = await lene.put(own(dana), content=photo(), headers=JPEG)
    assert answer.status_code == 404
    assert (await dana.get(picture(dana, DANA))).content == before.content


async def test_photo_of_a_removed_user_is_not_that_of_a_later_one(
    service: Service, lene: UcwaClient, dana: UcwaClient, connect: Connect
) -> None:
    await set_photo(lene)
    await service.store.users.remove(LENE, service.world.now())
    assert (await dana.get(picture(dana))).status_code == 404
    assert await service.store.photos.get(LENE, 48) is None


# Who may see it


async def test_user_with_whom_the_photo_is_not_shared_sees_initials(lene: UcwaClient, dana: UcwaClient) -> None:
    before = await dana.get(picture(dana))
    await set_photo(lene)
    assert (await dana.get(picture(dana))).content != before.content
    relationship = f"{lene.app}/people/danab@contoso.com/privacyRelationship"
    shown = (await lene.get(relationship)).json()
    answer = await lene.replace(shown, relationshipLevel="Blocked")
    assert answer.status_code == 200, answer.text
    hidden = await dana.get(picture(dana))
    assert (hidden.content, hidden.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert (await lene.get(picture(lene))).content != before.content


async def test_photo_of_oneself_and_of_others_have_different_scopes(
    service: Service, lene: UcwaClient, connect: Connect
) -> None:
    client = connect(service)
    allowed = {}
    for scope in (USER, CONTACTS, MEETINGS):
        client.token = token_with(service, scope)
        paths = (f"{lene.app}/photo", picture(lene), picture(lene, DANA))
        allowed[scope] = [(await client.get(path)).status_code for path in paths]
    assert allowed == {USER: [200, 200, 403], CONTACTS: [403, 403, 200], MEETINGS: [403, 403, 403]}


async def test_anonymous_user_sees_photos_of_people_in_the_meeting_only(
    service: Service, lene: UcwaClient, connect: Connect
) -> None:
    await set_photo(lene)
    meeting = await lene.schedule(accessLevel="Everyone")
    guest = connect(service)
    await guest.sign_in_to_meeting(meeting)
    application = await guest.open()
    assert (await guest.get(picture(guest))).status_code == 403
    join = application["_embedded"]["communication"]["_links"]["joinOnlineMeeting"]["href"]
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1", "anonymousDisplayName": "Guest"}
    assert (await guest.post(join, json=body)).status_code == 201
    assert side(await guest.get(picture(guest))) == 48
    assert (await guest.get(picture(guest, DANA))).status_code == 403
    assert (await guest.get(picture(guest, "sip:nobody@contoso.com"))).status_code == 403
    assert (await guest.put(own(guest), content=photo(), headers=JPEG)).status_code == 403


async def test_server_without_photos_refuses_them_and_says_so_in_its_policies(signed_in: SignedIn) -> None:
    lene = await signed_in(photos=False)
    assert (await lene.get(f"{lene.app}/policies")).json()["photos"] == "Disabled"
    assert (await lene.get(picture(lene, DANA))).status_code == 403
    assert (await lene.put(own(lene), content=photo(), headers=JPEG)).status_code == 403
    assert side(await lene.get(f"{lene.app}/photo")) == 48


async def test_photos_stored_before_they_were_disabled_are_not_shown(make_service: Make, connect: Connect) -> None:
    service = await make_service(photos=False)
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    pictures = await service.photo_maker.make(LENE, photo())
    before = await client.get(f"{client.app}/photo")
    await service.store.photos.put(LENE, pictures, PhotoOrigin(None, ""))
    assert (await client.get(f"{client.app}/photo")).content == before.content
    assert (await client.get(picture(client))).content == before.content


# In a batch


async def test_photo_is_no_part_of_a_batch(lene: UcwaClient) -> None:
    part = f"Content-Type: application/http; msgtype=request\r\n\r\nGET {picture(lene)} HTTP/1.1\r\nHost: x\r\n\r\n"
    body = f"--b\r\n{part}\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/batching;boundary=b", "Accept": "multipart/batching"}
    answer = await lene.post(f"{lene.app}/batch", content=body, headers=headers)
    assert "400 Bad Request" in answer.text
