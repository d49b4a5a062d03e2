"""openucwa:index and openucwa:lobby: additions to UCWA, below an application.

They leave the documented resources unchanged: the `Link` header of an application leads to the index.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation
from openucwa.config import Config
from openucwa.http.message import Header
from openucwa.identity.accounts import Accounts
from openucwa.meetings.pools import Pools
from openucwa.model.conversation import LobbyEntry
from openucwa.model.scopes import ANY_SCOPE, RECEIVE
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.accounts import PASSWORD_REL, SIGN_OUT_REL
from openucwa.resources.link_headers import link_header
from openucwa.resources.my_online_meetings import RELS
from openucwa.resources.online_meetings import READ_REFUSALS, MeetingFamily, meeting_href, organizer_of
from openucwa.store import contract

#: Maximum number of waiting participants shown; `total` counts all of them.
MAX_SHOWN = 500


def index_href(call: Context) -> str:
    """The href of openucwa:index."""
    return f"{call.application}/openucwa"


def index_links(call: Context, *, queries: bool) -> tuple[Header, ...]:
    """The Link headers (RFC 8288) from an application to openucwa:index and, with `queries`, to openucwa:meetings, so
    that a list of meetings takes no further request; anonymous applications have none.
    """
    if call.session.application.anonymous:
        return ()
    index = link_header(index_href(call), "openucwa:index")
    return (index, link_header(f"{index_href(call)}/meetings", "openucwa:meetings")) if queries else (index,)


def links(config: Config) -> dict[str, str]:
    """The additions that are switched on: the path below openucwa:index by rel."""
    added = {
        "openucwa:lobby": "lobby",
        PASSWORD_REL: "password",
        "openucwa:photo": "photo",
        "openucwa:schemas": "schemas",
        SIGN_OUT_REL: "signOut",
    }
    if config.change_log:
        added |= {
            "openucwa:changes": "changes",
            "openucwa:meetings": "meetings",
            "openucwa:removedMeetings": "removedMeetings",
            "openucwa:webhooks": "webhooks",
        }
    return added


class Index(MeetingFamily[None]):
    """openucwa:index. Links to the resources that this server adds to UCWA."""

    rel = "openucwa:index"
    scopes = ANY_SCOPE

    def __init__(self, pools: Pools, added: Mapping[str, str], accounts: Accounts) -> None:
        """`added`: the path of each addition below this resource, by its rel."""
        super().__init__(pools)
        self._added = added
        self._accounts = accounts

    @Operation("Links to the resources that this server adds to UCWA.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:index, GET. A user whose password is stored elsewhere has no openucwa:password."""
        href = index_href(call)
        left_out = () if await self._accounts.has_password(call.caller) else (PASSWORD_REL,)
        return Answer(
            Document(
                rel=self.rel,
                href=href,
                links={rel: Link(f"{href}/{path}") for rel, path in self._added.items() if rel not in left_out},
            )
        )


class Lobbies(MeetingFamily[None]):
    """openucwa:lobby. The participants waiting in the lobbies of the caller's meetings, whether joined or not."""

    rel = "openucwa:lobby"
    scopes = frozenset({RECEIVE})
    cached = False

    def __init__(self, conversations: contract.Conversations, pools: Pools) -> None:
        super().__init__(pools)
        self._conversations = conversations

    @Operation("The participants waiting in the lobbies of the user's meetings.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:lobby, GET. In the order of arrival, grouped by meeting."""
        href = f"{index_href(call)}/lobby"
        found = await self._conversations.lobbies(organizer_of(call), MAX_SHOWN)
        of_meeting: dict[str, list[LobbyEntry]] = {}
        for each in found.entries:
            of_meeting.setdefault(each.meeting_id, []).append(each)
        meetings = [_meeting(call, href, waiting) for waiting in of_meeting.values()]
        document = Document(
            rel=self.rel,
            href=href,
            properties={"total": found.total},
            embedded={"openucwa:meetingLobby": meetings},
        )
        return Answer(document)


def _meeting(call: Context, lobby: str, waiting: Sequence[LobbyEntry]) -> Document:
    meeting = waiting[0]
    href = f"{lobby}#{meeting.meeting_id}"
    return Document(
        rel="openucwa:meetingLobby",
        href=href,
        properties={"onlineMeetingId": meeting.meeting_id, "subject": meeting.subject},
        links={RELS[meeting.rel]: Link(meeting_href(call, meeting.meeting_id))},
        embedded={"openucwa:waitingParticipant": [_participant(href, each) for each in waiting]},
    )


def _participant(meeting: str, each: LobbyEntry) -> Document:
    properties: dict[str, Property] = {
        "anonymous": each.anonymous,
        "name": each.name,
        "uri": each.uri,
        "waitingSince": Instant(each.since),
    }
    href = f"{meeting}/{quote(each.uri.removeprefix('sip:'), safe='@')}"
    return Document(rel="openucwa:waitingParticipant", href=href, properties=properties)
