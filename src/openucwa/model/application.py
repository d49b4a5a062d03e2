"""Applications: endpoints of a user or an anonymous caller."""

from dataclasses import dataclass, field

#: The prefix of an anonymous identity; an opaque id follows.
ANONYMOUS = "anon:"


@dataclass(frozen=True, slots=True)
class Communication:
    """The capabilities of an application in conversations (UCWA: communication); a PUT replaces all of it.

    Names and values are those of the resource. `etag` changes with each replacement.
    """

    etag: str
    supported_modalities: tuple[str, ...] = ()
    supported_message_formats: tuple[str, ...] = ("Plain",)
    audio_preference: str | None = None
    conversation_history: str = "Disabled"
    lis_location: str | None = None
    lis_query_result: str | None = None
    phone_number: str | None = None
    publish_endpoint_location: bool = False
    simultaneous_ring_number_match: str = "Disabled"
    video_based_screen_sharing: str = "Disabled"


@dataclass(frozen=True, slots=True)
class Application:
    """UCWA: application.

    `owner`: the identity that it belongs to: a user's SIP URI, or `anon:` and an opaque id. `id`: decimal digits,
    unique for the owner. `meeting`: for an anonymous owner the onlineMeetingUri of the one meeting that it may join,
    else None. `name`: the display name of an anonymous owner, None for a user (see the user's row). `available`:
    whether makeMeAvailable was called. `created`: ms since 1970.
    """

    owner: str
    id: str
    endpoint_id: str
    culture: str
    user_agent: str
    type: str | None
    created: int
    communication: Communication
    available: bool = False
    meeting: str | None = None
    name: str | None = None
    etag: str = ""
    instances: tuple[str, ...] = field(default=())

    @property
    def anonymous(self) -> bool:
        return self.owner.startswith(ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Session:
    """An application with its user, read at once.

    `generation`, `pool`, `user_name`, `email` and all from `title` on: of the owner's user row; None for an anonymous
    owner. `disabled`: whether the user is.
    `last_poll`, `last_request`: ms since 1970, as last stored; `last_poll` None: it never polled.
    """

    application: Application
    generation: int | None
    pool: str | None
    user_name: str | None
    email: str | None
    last_request: int
    last_poll: int | None
    title: str | None = None
    department: str | None = None
    work_phone: str | None = None
    mobile_phone: str | None = None
    home_phone: str | None = None
    other_phone: str | None = None
    company: str | None = None
    office: str | None = None
    disabled: bool = False
