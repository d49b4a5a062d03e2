"""The grants, with the real store and a hasher whose cost is as low as it goes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from openucwa.config import Config
from openucwa.identity.callers import Admission
from openucwa.identity.keys import KeySettings, SigningKeys
from openucwa.identity.passwords import Passwords
from openucwa.identity.sign_in import Granted, GrantRefused, SignIn, SignInSettings
from openucwa.identity.throttle import Throttle, ThrottleSettings
from openucwa.identity.tokens import Caller, Tokens, new_signing_key
from openucwa.identity.user_passwords import UserPasswords
from openucwa.model.measures import Measures
from openucwa.model.meeting import Meeting, MeetingRel, MeetingSettings
from openucwa.model.user import User
from openucwa.store.sqlite import SqliteStore
from tests.world import FakeWorld

ANONYMOUS = "urn:microsoft.rtc:anonmeeting"
MEETING = "sip:lene@contoso.com;gruu;opaque=app:conf:focus:id:AB12CD34"
HERE = "192.0.2.1"


class Server:
    """All that a grant needs, and shorter ways to ask for one."""

    def __init__(self, folder: Path, config: Config) -> None:
        self.world = FakeWorld()
        self.store = SqliteStore(folder, timeout=5)
        self.passwords = Passwords(workers=1, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.tokens = Tokens([new_signing_key(self.world)], self.world)
        throttle = Throttle(ThrottleSettings(3, 2.0, 60.0, 8, 20), self.world)
        keys = SigningKeys(self.store.signing_keys, self.tokens, config.part(KeySettings), self.world)
        verifying = UserPasswords(self.store.users, self.passwords, (), Admission(self.store.users))
        settings = config.part(SignInSettings)
        self.sign_in = SignIn(self.store, self.tokens, keys, verifying, throttle, settings, self.world, Measures())

    async def open(self) -> None:
        await self.store.open()
        for address in ("lene@contoso.com", "anna@contoso.com", "anna@contoso.de", "anna@emea.contoso.com"):
            password_hash = await self.passwords.hash(f"secret of {address}")
            await self.store.users.add(User(f"sip:{address}", address.title(), None, None, password_hash))
        settings = MeetingSettings(
            "Everyone", (), "Disabled", "", "Disabled", self.world.now() + 1, (), "Disabled", "Disabled", ""
        )
        for meeting_id, number in (("AB12CD34", "1"), ("ZZ99ZZ99", "2")):
            await self.store.meetings.add(
                Meeting(
                    "sip:lene@contoso.com", meeting_id, MeetingRel.MY_ONLINE_MEETINGS, "1", number, number, 0, settings
                ),
                limit=9,
            )

    async def lene(self) -> User:
        user = await self.store.users.get("sip:lene@contoso.com")
        assert user is not None
        return user

    async def close(self) -> None:
        self.passwords.close()
        await self.store.close()

    async def password(self, username: str, password: str, address: str = HERE) -> Caller:
        form = {"grant_type": "password", "username": username, "password": password}
        return self.tokens.check((await self.sign_in.grant(form, address)).access_token)

    async def anonymous(self, **fields: str) -> Caller:
        form = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING, "password": "AB12CD34"} | fields
        return self.tokens.check((await self.sign_in.grant(form, HERE)).access_token)

    async def refused(self, address: str = HERE, **form: str) -> GrantRefused:
        with pytest.raises(GrantRefused) as refused:
            await self.sign_in.grant(form, address)
        return refused.value


@pytest.fixture
def config() -> Config:
    return Config(token_lifetime=600, anonymous_token_lifetime=60)


@pytest.fixture
async def server(tmp_path: Path, config: Config) -> AsyncIterator[Server]:
    server = Server(tmp_path, config)
    await server.open()
    yield server
    await server.close()


async def test_right_password_gives_a_token_for_the_user(server: Server) -> None:
    caller = await server.password("lene@contoso.com", "secret of lene@contoso.com")
    generation = (await server.lene()).generation
    assert caller == Caller(
        "sip:lene@contoso.com", "Lene@Contoso.Com", None, generation, server.world.now() + 600_000, scopes=None
    )


async def test_answer_contains_the_lifetime(server: Server) -> None:
    form = {"grant_type": "password", "username": "lene@contoso.com", "password": "secret of lene@contoso.com"}
    granted = await server.sign_in.grant(form, HERE)
    assert isinstance(granted, Granted)
    assert granted.expires_in == 600
    assert granted.access_token.startswith("cwt=")


async def test_token_has_the_generation_of_the_password(server: Server) -> None:
    before = (await server.lene()).generation
    await server.store.users.change_password("sip:lene@contoso.com", await server.passwords.hash("new"))
    assert (await server.password("lene@contoso.com", "new")).generation == before + 1


@pytest.mark.parametrize(
    ("username", "address"),
    [
        ("lene@contoso.com", "lene@contoso.com"),
        ("LENE@Contoso.COM", "lene@contoso.com"),
        ("sip:lene@contoso.com", "lene@contoso.com"),
        ("SIP:Lene@contoso.com", "lene@contoso.com"),
        ("CONTOSO\\lene", "lene@contoso.com"),
        ("contoso.com\\Lene", "lene@contoso.com"),
        (" lene@contoso.com ", "lene@contoso.com"),
        ("emea\\anna", "anna@emea.contoso.com"),
        ("Contoso.DE\\anna", "anna@contoso.de"),
    ],
)
async def test_spellings_of_a_user_are_accepted(server: Server, username: str, address: str) -> None:
    assert (await server.password(username, f"secret of {address}")).identity == f"sip:{address}"


@pytest.mark.parametrize(
    "username",
    [
        "lene",
        "lene@contoso",
        "conto\\lene",
        "\\lene",
        "contoso\\",
        "@contoso.com",
        "lene@contoso.com@contoso.com",
        "\\",
    ],
)
async def test_other_spellings_are_refused(server: Server, username: str) -> None:
    refused = await server.refused(grant_type="password", username=username, password="secret of lene@contoso.com")
    assert (refused.error, refused.status) == ("invalid_grant", 400)


async def test_name_that_matches_two_users_is_refused(server: Server) -> None:
    for address in ("anna@contoso.com", "anna@contoso.de"):
        refused = await server.refused(grant_type="password", username="CONTOSO\\anna", password=f"secret of {address}")
        assert refused.error == "invalid_grant"


async def test_wrong_user_and_a_wrong_password_are_indistinguishable(server: Server) -> None:
    one = await server.refused(grant_type="password", username="lene@contoso.com", password="wrong")
    other = await server.refused(grant_type="password", username="nobody@contoso.com", password="wrong")
    assert vars(one) == vars(other)
    assert (one.error, one.status) == ("invalid_grant", 400)


@pytest.mark.parametrize("username", ["lene@contoso.com", "nobody@contoso.com"])
async def test_too_many_failures_are_429_even_for_the_right_password(server: Server, username: str) -> None:
    for spelling in (username, f"sip:{username}", "contoso\\" + username.partition("@")[0]):
        await server.refused(grant_type="password", username=spelling, password="wrong")
    refused = await server.refused(grant_type="password", username=username, password="secret of lene@contoso.com")
    assert (refused.error, refused.status, refused.retry_after) == ("invalid_grant", 429, 2)


async def test_after_the_delay_the_right_password_works_again(server: Server) -> None:
    for _ in range(3):
        await server.refused(grant_type="password", username="lene@contoso.com", password="wrong")
    await server.world.advance(2)
    await server.password("lene@contoso.com", "secret of lene@contoso.com")
    await server.password("lene@contoso.com", "secret of lene@contoso.com")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": ""},
        {"grant_type": "password"},
        {"grant_type": "password", "username": "lene@contoso.com"},
        {"grant_type": "password", "username": "lene@contoso.com", "password": ""},
        {"grant_type": "password", "password": "secret"},
        {"grant_type": ANONYMOUS, "password": "AB12CD34"},
        {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING},
    ],
)
async def test_missing_field_is_an_invalid_request(server: Server, form: dict[str, str]) -> None:
    refused = await server.refused(**form)
    assert (refused.error, refused.status) == ("invalid_request", 400)


@pytest.mark.parametrize("grant_type", ["urn:microsoft.rtc:windows", "client_credentials", "PASSWORD"])
async def test_other_grants_are_not_supported(server: Server, grant_type: str) -> None:
    refused = await server.refused(grant_type=grant_type, username="lene@contoso.com", password="x")
    assert (refused.error, refused.diagnostics_code) == ("unsupported_grant_type", 28029)
    assert refused.reason == "Authentication type not allowed."


async def test_id_at_the_end_of_the_meeting_uri_opens_the_meeting(server: Server) -> None:
    caller = await server.anonymous()
    assert caller.identity.startswith("anon:")
    assert caller == Caller(caller.identity, None, MEETING, None, server.world.now() + 60_000, scopes=None)


async def test_field_without_its_first_underscore_is_accepted(server: Server) -> None:
    form = {"grant_type": ANONYMOUS, "msrtc_conferenceuri": MEETING, "password": "AB12CD34"}
    granted = await server.sign_in.grant(form, HERE)
    assert server.tokens.check(granted.access_token).meeting == MEETING
    assert granted.expires_in == 60


async def test_every_anonymous_token_has_an_identity_of_its_own(server: Server) -> None:
    assert (await server.anonymous()).identity != (await server.anonymous()).identity


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "wrong"},
        {"password": "ab12cd34"},
        {"password": "1"},
        {"password": "é"},
        {"ms_rtc_conferenceuri": MEETING.replace("AB12CD34", "NONE0000"), "password": "NONE0000"},
        {"ms_rtc_conferenceuri": MEETING.replace("lene", "anna")},
        {"ms_rtc_conferenceuri": "sip:lene@contoso.com"},
        {"ms_rtc_conferenceuri": "AB12CD34"},
    ],
)
async def test_unknown_meeting_and_wrong_password_are_indistinguishable(server: Server, fields: dict[str, str]) -> None:
    form = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING, "password": "AB12CD34"} | fields
    refused = await server.refused(**form)
    assert (refused.error, refused.status) == ("invalid_grant", 400)
    assert refused.reason == "The meeting or its password is wrong."


async def test_guessing_meetings_throttles_the_address(server: Server) -> None:
    form = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING}
    for number in range(8):
        await server.refused(**form, password=str(number))
    assert (await server.refused(**form, password="AB12CD34")).status == 429
    assert (await server.sign_in.grant(form | {"password": "AB12CD34"}, "198.51.100.7")).expires_in == 60


async def old_ticket(server: Server) -> tuple[str, str]:
    form = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING, "password": "AB12CD34"}
    token = (await server.sign_in.grant(form, HERE)).access_token
    return token, server.tokens.check(token).identity


async def test_renewal_keeps_the_identity(server: Server) -> None:
    token, identity = await old_ticket(server)
    await server.world.advance(30)
    caller = await server.anonymous(ms_rtc_renew=token)
    assert caller.identity == identity
    assert caller.expires == server.world.now() + 60_000


async def test_renewal_is_possible_up_to_a_lifetime_after_expiry(server: Server) -> None:
    token, identity = await old_ticket(server)
    await server.world.advance(119)
    assert (await server.anonymous(ms_rtc_renew=token)).identity == identity
    await server.world.advance(1)
    refused = await server.refused(
        grant_type=ANONYMOUS, ms_rtc_conferenceuri=MEETING, password="AB12CD34", ms_rtc_renew=token
    )
    assert (refused.error, refused.diagnostics_code) == ("invalid_grant", 28020)
    assert refused.reason == "No valid security token."


async def test_token_of_another_meeting_or_of_a_user_cannot_be_renewed(server: Server) -> None:
    other = MEETING.replace("AB12CD34", "ZZ99ZZ99")
    form = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": other, "password": "ZZ99ZZ99"}
    for token in (
        (await old_ticket(server))[0],
        server.tokens.issue(Caller("sip:lene@contoso.com", None, None, 1, server.world.now() + 1, None)),
        "cwt=forged",
    ):
        assert (await server.refused(**form, ms_rtc_renew=token)).diagnostics_code == 28020


@pytest.mark.parametrize(
    ("asked", "scopes"),
    [
        ({}, {"Conversations.Initiate", "Conversations.Receive"}),
        ({"scope": "all"}, {"Conversations.Initiate", "Conversations.Receive"}),
        ({"scope": "Conversations.Receive"}, {"Conversations.Receive"}),
    ],
)
async def test_renewal_widens_no_scope(server: Server, asked: dict[str, str], scopes: set[str]) -> None:
    form = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING, "password": "AB12CD34"}
    narrow = form | {"scope": "Conversations.Initiate Conversations.Receive"}
    token = (await server.sign_in.grant(narrow, HERE)).access_token
    assert (await server.anonymous(ms_rtc_renew=token, **asked)).scopes == scopes
    refused = await server.refused(**form, ms_rtc_renew=token, scope="Meetings.ReadWrite")
    assert refused.error == "invalid_scope"


async def test_unknown_fields_are_ignored(server: Server) -> None:
    assert (await server.anonymous(resource="everything", client_id="x", ms_rtc_renew="")).meeting == MEETING


SCOPES = frozenset({
    "User.ReadWrite", "Contacts.ReadWrite", "Conversations.Initiate", "Conversations.Receive", "Meetings.ReadWrite",
})  # fmt: skip
PASSWORD = {"grant_type": "password", "username": "lene@contoso.com", "password": "secret of lene@contoso.com"}
MEETING_GRANT = {"grant_type": ANONYMOUS, "ms_rtc_conferenceuri": MEETING, "password": "AB12CD34"}


@pytest.mark.parametrize("form", [PASSWORD, MEETING_GRANT])
@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        ("Meetings.ReadWrite", {"Meetings.ReadWrite"}),
        (" Meetings.ReadWrite  User.ReadWrite User.ReadWrite", {"Meetings.ReadWrite", "User.ReadWrite"}),
        ("", None),
        ("all", None),
        ("all User.ReadWrite", None),
        (" ".join(sorted(SCOPES)), None),
    ],
)
async def test_scope_narrows_the_token(
    server: Server, form: dict[str, str], scope: str, scopes: set[str] | None
) -> None:
    granted = await server.sign_in.grant({**form, "scope": scope}, HERE)
    assert server.tokens.check(granted.access_token).scopes == scopes
    assert granted.scope == (None if scopes is None else " ".join(sorted(scopes)))


@pytest.mark.parametrize("form", [PASSWORD, MEETING_GRANT])
@pytest.mark.parametrize("scope", ["x", "meetings.readwrite", "all x", "Meetings.ReadWrite,User.ReadWrite"])
async def test_unknown_scope_is_refused(server: Server, form: dict[str, str], scope: str) -> None:
    refused = await server.refused(**form, scope=scope)
    assert (refused.error, refused.status) == ("invalid_scope", 400)


async def guesses(server: Server, count: int) -> list[int]:
    """The sorted statuses of wrong passwords that are sent at once."""
    form = {"grant_type": "password", "username": "lene@contoso.com", "password": "wrong"}
    outcomes = await asyncio.gather(*(server.sign_in.grant(form, HERE) for _ in range(count)), return_exceptions=True)
    return sorted(outcome.status for outcome in outcomes if isinstance(outcome, GrantRefused))


async def test_parallel_guesses_are_throttled_like_sequential_ones(server: Server) -> None:
    assert await guesses(server, 40) == [400] * 3 + [429] * 37


async def test_parallel_sign_ins_with_the_right_password_leave_no_failure(server: Server) -> None:
    for _ in range(2):
        await asyncio.gather(*(server.sign_in.grant(PASSWORD, HERE) for _ in range(3)))
    assert await guesses(server, 4) == [400] * 3 + [429]


async def test_aborted_attempt_is_not_counted(server: Server) -> None:
    for _ in range(5):
        task = asyncio.create_task(server.sign_in.grant(PASSWORD, HERE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await server.password("lene@contoso.com", PASSWORD["password"])


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "openucwa.audit"]


async def test_failed_and_throttled_sign_ins_are_audited_with_name_and_address(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        await server.refused(grant_type="password", username="CONTOSO\\Lene", password="my secret guess")
    tried = "user=CONTOSO\\Lene client=192.0.2.1 grant=password"
    assert logged(caplog) == [f'sign-in-failed {tried} reason="wrong user or password"'] * 3 + [
        f"sign-in-throttled {tried} wait=2"
    ]
    assert "secret" not in caplog.text


async def test_name_cannot_forge_a_log_line(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    name = "a\nsign-in\r\x1b[2J\u2028\u202e\x00é" + "x" * 500
    await server.refused(grant_type="password", username=name, password="wrong")
    (line,) = logged(caplog)
    assert line.startswith(r"sign-in-failed user=a\nsign-in\r\x1b[2J\u2028\u202e\x00éxxx")
    assert line.isprintable()
    assert len(line) < 400


async def test_audit_line_of_an_anonymous_sign_in_lacks_the_meetings_password(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    await server.refused(grant_type=ANONYMOUS, ms_rtc_conferenceuri=MEETING, password="GUESS123")
    reason = '"wrong meeting or password"'
    assert logged(caplog) == [
        f"sign-in-failed user=sip:lene@contoso.com client=192.0.2.1 grant=anonymous reason={reason}"
    ]


async def test_successful_sign_ins_are_audited(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    await server.sign_in.grant(PASSWORD, HERE)
    guest = await server.anonymous()
    assert logged(caplog) == [
        "sign-in-succeeded user=sip:lene@contoso.com client=192.0.2.1 grant=password",
        f"sign-in-succeeded user={guest.identity} client=192.0.2.1 grant=anonymous source=sip:lene@contoso.com",
    ]


async def test_both_grants_are_offered(server: Server) -> None:
    assert server.sign_in.grant_types == (ANONYMOUS, "password")


class TestWithoutAnonymous:
    @pytest.fixture
    def config(self) -> Config:
        return Config(anonymous=False)

    async def test_disabled_grant_is_not_offered(self, server: Server) -> None:
        assert server.sign_in.grant_types == ("password",)

    async def test_disabled_grant_is_refused(self, server: Server) -> None:
        refused = await server.refused(grant_type=ANONYMOUS, ms_rtc_conferenceuri=MEETING, password="AB12CD34")
        assert refused.error == "unsupported_grant_type"
