"""participants, participant, leaders, attendees and lobby; and the leaders' actions: admit, reject, promote, demote,
eject.
"""

from collections.abc import Callable
from typing import TypeVar

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation
from openucwa.meetings.admission import leads, sees
from openucwa.model.conversation import MessagingState, Participant, Participation, Role
from openucwa.model.refusals import Conflict, ConversationNotFound, Forbidden, ResourceNotFound
from openucwa.model.scopes import RECEIVE
from openucwa.representation.document import Document, Link
from openucwa.resources.conversations import ANY_FORM, CHANGE, READ, ConversationPart, InConversation
from openucwa.resources.rendering.conversations import conversation_href, participant_href
from openucwa.resources.rendering.invitations import invited_document, inviter_document

T = TypeVar("T")

_RECEIVE_SCOPES = frozenset({RECEIVE})

#: The link rel of each collection.
COLLECTIONS: dict[str, Callable[[Participant], bool]] = {
    "participants": lambda participant: not participant.in_lobby,
    "leaders": lambda participant: not participant.in_lobby and participant.role == Role.LEADER,
    "attendees": lambda participant: not participant.in_lobby and participant.role == Role.ATTENDEE,
}


class ParticipantLinks(ConversationPart):
    """UCWA: participants; leaders; attendees."""

    scopes = _RECEIVE_SCOPES

    @Operation("Links to the {rel} of the conversation.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: leaders, GET; attendees, GET; participants."""
        present = await self._store.conversations.participants(call.target.organizer, call.target.meeting_id)
        links = [
            Link(participant_href(call, call.target.id, each.uri), title=each.name)
            for each in present
            if COLLECTIONS[self.rel](each)
        ]
        return Answer(
            Document(
                rel=self.rel, href=f"{conversation_href(call, call.target.id)}/{self.rel}", links={"participant": links}
            )
        )


class Participants(ParticipantLinks):
    rel = "participants"
    forms = ANY_FORM


class Leaders(ParticipantLinks):
    rel = "leaders"


class Attendees(ParticipantLinks):
    rel = "attendees"


class Lobby(ConversationPart):
    """UCWA: lobby. The waiting participants; for leaders."""

    rel = "lobby"
    scopes = _RECEIVE_SCOPES

    async def locate(self, call: Context, conversation: str = "", **_names: str) -> Participation:
        own = await self.own(call, conversation)
        if not leads(own):
            raise ResourceNotFound("only leaders can see the lobby")
        return own

    @Operation("Links to the participants in the lobby.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: lobby, GET."""
        present = await self._store.conversations.participants(call.target.organizer, call.target.meeting_id)
        waiting = [self._documents.participant(call, call.target, each) for each in present if each.in_lobby]
        href = f"{conversation_href(call, call.target.id)}/lobby"
        return Answer(Document(rel=self.rel, href=href, embedded={"participant": waiting}))


class BelowParticipants(InConversation[T]):
    """A resource that is identified by a participant's address."""

    async def find(self, call: Context, conversation: str, address: str) -> tuple[Participation, Participant]:
        """The caller's participation and the participant.

        ResourceNotFound: the caller can see no participant with that address, whether or not there is one.
        """
        own = await self.own(call, conversation)
        uri = f"sip:{address}".lower()
        for each in await self._store.conversations.participants(own.organizer, own.meeting_id):
            if each.uri.lower() == uri and sees(own, each):
                return own, each
        raise ResourceNotFound("no such participant")


class ParticipantPart(BelowParticipants[tuple[Participation, Participant]]):
    """A resource of one participant."""

    async def locate(
        self, call: Context, conversation: str = "", address: str = "", **_names: str
    ) -> tuple[Participation, Participant]:
        return await self.find(call, conversation, address)


class ParticipantResource(BelowParticipants[Document]):
    """UCWA: participant; localParticipant, if it is the caller; also the two sides of an incoming invitation."""

    rel = "participant"
    in_lobby = True
    forms = ANY_FORM

    async def locate(self, call: Context, conversation: str = "", address: str = "", **_names: str) -> Document:
        try:
            return self._documents.participant(call, *await self.find(call, conversation, address))
        except ConversationNotFound:
            application = call.session.application
            offered = await self._store.invitations.offered(application.owner, application.id, conversation)
        uri = f"sip:{address}".lower()
        if uri == offered.from_uri.lower():
            return inviter_document(call, conversation, offered)
        if uri == offered.to_uri and offered.two_party:
            return invited_document(call, conversation, offered)
        raise ResourceNotFound("no such participant")

    @Operation("One participant.", refuses=READ)
    async def get(self, call: Call[Document]) -> Answer:
        """UCWA: participant, GET; localParticipant, GET."""
        return Answer(call.target)


class ParticipantMessaging(ParticipantPart):
    """UCWA: participantMessaging. Exists while the participant has messaging."""

    rel = "participantMessaging"

    @Operation("Exists while the participant has messaging.", refuses=READ)
    async def get(self, call: Call[tuple[Participation, Participant]]) -> Answer:
        """UCWA: participantMessaging, GET."""
        own, who = call.target
        if who.messaging != MessagingState.CONNECTED:
            raise ResourceNotFound("the participant has no messaging")
        return Answer(self._documents.participant_messaging(call, own, who.uri, who.name))


class LeaderAction(ParticipantPart):
    """An action of a leader on a participant."""

    #: Whether it is for participants in the lobby, or for those in the meeting.
    to_waiting = False

    async def act(self, own: Participation, who: Participant) -> None:
        """Performs the action."""
        raise NotImplementedError

    @Operation(
        "Lets a leader {rel} a participant.", answers=(204,), produces=(), refuses=(*CHANGE, Forbidden, Conflict)
    )
    async def post(self, call: Call[tuple[Participation, Participant]]) -> Answer:
        """UCWA: admit, reject, promote, demote, eject: POST."""
        own, who = call.target
        if not leads(own):
            raise Forbidden(f"only leaders can {self.rel}")
        self.count(own)
        if who.in_lobby != self.to_waiting:
            raise Conflict(f"{self.rel}: the participant is {'' if who.in_lobby else 'not '}in the lobby")
        if who.organizer:
            raise Conflict(f"{self.rel}: not allowed for the organizer")
        await self.act(own, who)
        return NO_CONTENT


class Admit(LeaderAction):
    rel = "admit"
    to_waiting = True

    async def act(self, own: Participation, who: Participant) -> None:
        await self._store.conversations.admit(own.organizer, own.meeting_id, who.uri, self._world.now())


class Reject(LeaderAction):
    rel = "reject"
    to_waiting = True

    async def act(self, own: Participation, who: Participant) -> None:
        await self._store.conversations.remove_participant(
            own.organizer, own.meeting_id, who.uri, "Denied", self._world.now(), in_lobby=True
        )


class Promote(LeaderAction):
    rel = "promote"

    async def act(self, own: Participation, who: Participant) -> None:
        await self._store.conversations.change_role(
            own.organizer, own.meeting_id, who.uri, Role.LEADER, self._world.now()
        )


class Demote(LeaderAction):
    rel = "demote"

    async def act(self, own: Participation, who: Participant) -> None:
        await self._store.conversations.change_role(
            own.organizer, own.meeting_id, who.uri, Role.ATTENDEE, self._world.now()
        )


class Eject(LeaderAction):
    rel = "eject"

    async def act(self, own: Participation, who: Participant) -> None:
        await self._store.conversations.remove_participant(
            own.organizer, own.meeting_id, who.uri, "Ejected", self._world.now(), in_lobby=False
        )
