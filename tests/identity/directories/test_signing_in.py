"""Sign-in with the directory's passwords, to a server as it is."""

import asyncio

import httpx
import msgspec
import pytest

from openucwa.app import Service
from openucwa.config_identity import Directory, texts
from openucwa.identity.profile import Profile
from openucwa.model.photo import PhotoOrigin
from openucwa.model.user import User
from tests.conftest import Connect, Make
from tests.contract.samples import picture
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.pictures.images import photo


@pytest.fixture
def directory(server: DirectoryServer) -> Directory:
    need_module("ldap", "python-ldap")
    return Directory(
        url=server.tls_url,
        ca_file=server.ca_file,
        domains="contoso.com",
        base=BASE,
        bind_dn=SEARCHER,
        bind_password=SEARCHER_PASSWORD,
        login_filter="(&(objectClass=person)(|(uid={user})(mail={login})(employeeType=sip:{login})))",
        uri_attributes=("mail",),
    )


@pytest.fixture
async def service(make_service: Make, directory: Directory) -> Service:
    return await make_service(directories=(directory,))


async def granted(connect: Connect, service: Service, username: str, password: str) -> httpx.Response:
    form = {"grant_type": "password", "username": username, "password": password}
    return await connect(service).http.post("/WebTicket/oauthtoken", data=form)


async def test_user_of_the_directory_signs_in_and_is_added(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    me = (await client.open())["_embedded"]["me"]
    assert (me["uri"], me["name"]) == ("sip:lene.aalling@contoso.com", "Lene Aalling (Copenhagen)")


async def test_me_and_contact_show_details_from_the_directory(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    await client.open()
    expected = {
        "name": "Lene Aalling (Copenhagen)",
        "emailAddresses": ["lene.aalling@contoso.com"],
        "title": "Engineer",
        "department": "Research",
        "company": "Contoso",
        "workPhoneNumber": "+45 1234",
        "mobilePhoneNumber": "+45 5678",
    }
    contact = f"{client.app}/people/lene.aalling@contoso.com"
    for href, office in ((f"{client.app}/me", "officeLocation"), (contact, "office")):
        shown = (await client.get(href)).json()
        assert shown[office] == "2/14"
        assert {name: shown.get(name) for name in expected} == expected
        assert "homePhoneNumber" not in shown


async def stored_photo(service: Service, uri: str = "sip:lene.aalling@contoso.com") -> tuple[str, bytes] | None:
    """Where the user's photo comes from, and its largest picture."""
    await service.source_photos.settle()
    origin = await service.store.photos.origin(uri)
    picture = await service.store.photos.get(uri, 648)
    return None if origin is None or picture is None else (origin.source or "here", picture.data)


async def test_photo_of_the_directory_is_stored_at_sign_in_and_shown(
    service: Service, connect: Connect, directory: Directory
) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    await client.open()
    stored = await stored_photo(service)
    assert stored is not None
    assert stored[0] == directory.url
    answer = await client.get(f"{client.app}/photo?size=HR648X648")
    assert (answer.headers["Content-Type"], answer.content) == ("image/jpeg", stored[1])


async def test_photo_that_the_user_set_here_remains_at_the_next_sign_in(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    await service.source_photos.settle()
    await client.open()
    headers = {"Content-Type": "image/png"}
    sent = photo(50, 50, "PNG")
    assert (await client.put(f"{client.app}/openucwa/photo", content=sent, headers=headers)).status_code == 204
    before = await stored_photo(service)
    await client.sign_in("lene", "lene-secret")
    assert before is not None
    assert before[0] == "here"
    assert await stored_photo(service) == before


async def test_photo_that_the_directory_no_longer_has_is_removed_at_the_next_sign_in(
    service: Service, connect: Connect, directory: Directory
) -> None:
    uri = "sip:twin1@contoso.com"
    await service.store.users.add(User(uri, "Twin", None, None, "", source=texts(directory.url)[0]))
    pictures = await service.photo_maker.make(uri, photo())
    await service.store.photos.put(uri, pictures, PhotoOrigin(texts(directory.url)[0], "earlier"))
    service.source_photos.note(Profile(uri, texts(directory.url)[0], create=True, photo=b""))
    assert await stored_photo(service, uri) is None


async def test_broken_photo_of_the_directory_does_not_prevent_signing_in(
    service: Service, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await connect(service).sign_in("dana", "dana-secret")
    assert await stored_photo(service, "sip:dana@contoso.com") is None
    assert "the photo of sip:dana@contoso.com" in caplog.text
    assert "was not stored: the photo is damaged" in caplog.text


async def test_photos_of_the_directory_are_not_read_if_no_attribute_is_set(
    make_service: Make, directory: Directory, connect: Connect
) -> None:
    service = await make_service(directories=(msgspec.structs.replace(directory, photo_attributes=()),))
    await connect(service).sign_in("lene", "lene-secret")
    assert await stored_photo(service) is None


async def test_unchanged_photo_of_the_directory_is_not_processed_again(service: Service, connect: Connect) -> None:
    await connect(service).sign_in("lene", "lene-secret")
    before = await stored_photo(service)
    origin = await service.store.photos.origin("sip:lene.aalling@contoso.com")
    assert before is not None
    assert origin is not None
    # What is stored stays, so it was not made again.
    await service.store.photos.put("sip:lene.aalling@contoso.com", [picture(648)], origin)
    await connect(service).sign_in("lene", "lene-secret")
    assert await stored_photo(service) == (before[0], picture(648).data)


async def test_user_with_a_local_password_does_not_need_the_directory(
    service: Service, connect: Connect, server: DirectoryServer
) -> None:
    server.stop()
    try:
        await connect(service).sign_in("lenea@contoso.com")
    finally:
        server.start()


async def test_wrong_user_and_wrong_password_are_indistinguishable(service: Service, connect: Connect) -> None:
    wrong = [
        await granted(connect, service, name, password)
        for name, password in (("lene", "wrong"), ("nobody", "wrong"), ("*", "lene-secret"), ("eve", "eve-secret"))
    ]
    assert {(answer.status_code, answer.text) for answer in wrong} == {(400, '{"error":"invalid_grant"}')}
    assert len({answer.headers["X-Ms-diagnostics"] for answer in wrong}) == 1


async def test_guesses_are_throttled_before_they_reach_the_directory(
    make_service: Make, directory: Directory, connect: Connect
) -> None:
    service = await make_service(directories=(directory,), sign_in_failures=2)
    for _ in range(2):
        assert (await granted(connect, service, "lene", "wrong")).status_code == 400
    assert (await granted(connect, service, "lene", "lene-secret")).status_code == 429


@pytest.mark.parametrize(
    "spelling",
    [
        "lene@contoso.com",
        "sip:lene@contoso.com",
        "CONTOSO\\lene",
        "CORP\\lene",
        "LENE",
        "\uff4cene",
        "lene@\uff43ontoso.com",
        "l\u00adene",
    ],
)
async def test_all_spellings_of_a_user_are_throttled_together(
    make_service: Make, directory: Directory, connect: Connect, spelling: str
) -> None:
    service = await make_service(directories=(directory,), sign_in_failures=2)
    for _ in range(2):
        assert (await granted(connect, service, "lene", "wrong")).status_code == 400
    assert (await granted(connect, service, spelling, "lene-secret")).status_code == 429


@pytest.mark.parametrize(("name", "password"), [("lene", "x" * 60_000), ("x" * 60_000, "x")])
async def test_overlong_name_or_password_is_wrong_and_not_shown_to_the_directory(
    service: Service, connect: Connect, server: DirectoryServer, name: str, password: str
) -> None:
    before = server.binds
    answer = await granted(connect, service, name, password)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    assert server.binds == before


async def test_unreachable_directory_is_503_and_not_a_failed_attempt(
    make_service: Make, directory: Directory, connect: Connect, server: DirectoryServer
) -> None:
    service = await make_service(directories=(directory,), sign_in_failures=1)
    server.stop()
    try:
        for _ in range(3):
            answer = await granted(connect, service, "lene", "lene-secret")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
    finally:
        server.start()
    assert (await granted(connect, service, "lene", "lene-secret")).status_code == 200


async def test_removed_user_of_the_directory_stays_out(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("dana", "dana-secret")
    await client.open()
    await service.store.users.remove("sip:dana@contoso.com", service.world.now())
    assert (await client.get(client.app)).status_code == 401
    assert (await granted(connect, service, "dana", "dana-secret")).status_code == 400


async def test_disabled_user_of_the_directory_stays_out_until_enabled(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("dana", "dana-secret")
    await service.store.users.disable("sip:dana@contoso.com", service.world.now())
    assert (await granted(connect, service, "dana", "dana-secret")).status_code == 400
    await service.store.users.enable("sip:dana@contoso.com")
    assert (await granted(connect, service, "dana", "dana-secret")).status_code == 200


async def test_many_sign_ins_at_once_add_one_user(service: Service, connect: Connect) -> None:
    answers = await asyncio.gather(*(granted(connect, service, "dana", "dana-secret") for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert await service.store.users.get("sip:dana@contoso.com") is not None
