"""communication: the capabilities of the caller's application in conversations."""

from dataclasses import replace
from typing import Any

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name
from openucwa.api.resource import Operation, Precondition, Resource
from openucwa.model.application import Communication as Abilities
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion, PreconditionFailed
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.world import World, new_etag
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import Parameter
from openucwa.store import contract

PASS_THROUGH = pass_through_name("communication")
#: All documented modalities, though this server only has Messaging.
MODALITIES = (
    "ApplicationSharing", "Audio", "DataCollaboration", "Messaging", "PanoramicVideo", "PhoneAudio", "Video",
)  # fmt: skip
POLICY = ("Disabled", "Enabled")

#: UCWA: communication, PUT, Request body.
PARAMETERS = (
    Parameter("audioPreference", choices=("PhoneAudio", "VoipAudio")),
    Parameter("conversationHistory", choices=POLICY),
    Parameter("lisLocation"),
    Parameter("lisQueryResult"),
    Parameter("phoneNumber", max_length=100),
    Parameter("publishEndpointLocation", kind="boolean"),
    Parameter("simultaneousRingNumberMatch", choices=POLICY),
    Parameter("supportedMessageFormats", choices=("Html", "Plain"), many=True),
    Parameter("supportedModalities", choices=MODALITIES, many=True),
    Parameter("videoBasedScreenSharing", choices=POLICY),
)


def offered(modalities: tuple[str, ...]) -> tuple[str, ...]:
    """The modalities among these that this server has."""
    return tuple(modality for modality in modalities if modality == "Messaging")


def communication_document(call: Context, abilities: Abilities) -> Document:
    """UCWA: communication."""
    shown: dict[str, Property | None] = {
        "audioPreference": abilities.audio_preference,
        "conversationHistory": abilities.conversation_history,
        "lisLocation": abilities.lis_location,
        "lisQueryResult": abilities.lis_query_result,
        "phoneNumber": abilities.phone_number,
        "publishEndpointLocation": abilities.publish_endpoint_location,
        "supportedMessageFormats": abilities.supported_message_formats,
        "supportedModalities": abilities.supported_modalities,
    }
    href = f"{call.application}/communication"
    links = {
        "conversations": Link(f"{href}/conversations?filter=active"),
        "joinOnlineMeeting": Link(f"{href}/onlineMeetingInvitations"),
    }
    if not call.session.application.anonymous:
        links["conversationLogs"] = Link(f"{href}/conversationLogs")
        links["missedItems"] = Link(f"{href}/missedItems")
        links["replayMessage"] = Link(f"{href}/replayMessage")
        links["startMessaging"] = Link(f"{href}/messagingInvitations", revision=2)
        links["startOnlineMeeting"] = Link(f"{href}/startOnlineMeeting")
    return Document(
        rel="communication",
        href=href,
        head={
            PASS_THROUGH: PASS_THROUGH_VALUE,
            "simultaneousRingNumberMatch": abilities.simultaneous_ring_number_match,
            "videoBasedScreenSharing": abilities.video_based_screen_sharing,
        },
        properties={name: value for name, value in shown.items() if value is not None},
        links=dict(sorted(links.items())),
        tail={"etag": abilities.etag},
    )


def new_abilities(etag: str, *, history: bool) -> Abilities:
    """Those of an application that has said nothing about them. `history`: whether the server stores history."""
    return Abilities(etag=etag, conversation_history="Enabled" if history else "Disabled")


def communication_updated(owner: str, application_id: str) -> NewEvent:
    """The notification of an application whose communication changed."""
    return NewEvent(application_topic(owner, application_id), "communication updated")


class Communication(Resource[None]):
    """UCWA: communication."""

    rel = "communication"
    scopes = CONVERSATION_SCOPES
    conditional = True

    def __init__(self, applications: contract.Applications, world: World, *, history: bool) -> None:
        self._applications = applications
        self._world = world
        self._history = history

    def etag(self, call: Context, target: None) -> str:
        return call.session.application.communication.etag

    @Operation(
        "The capabilities of the application in conversations.", refuses=(InvalidExchangeServerVersion, CannotRedirect)
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: communication, GET."""
        return _show(call, call.session.application.communication)

    @Operation(
        "Replaces the capabilities of the application.",
        takes=PARAMETERS,
        precondition=Precondition.REQUIRED,
        pass_through=True,
        refuses=(InvalidExchangeServerVersion, CannotRedirect, PreconditionFailed),
    )
    async def put(self, call: Call[None]) -> Answer:
        """UCWA: communication, PUT."""
        application = call.session.application
        abilities = _abilities(call.values, new_abilities(new_etag(self._world), history=self._history))
        await self._applications.replace_communication(
            application.owner,
            application.id,
            frozenset({application.communication.etag}),
            abilities,
            new_etag(self._world),
            self._world.now(),
            (communication_updated(application.owner, application.id),),
        )
        return _show(call, abilities)


def _show(call: Context, abilities: Abilities) -> Answer:
    return Answer(communication_document(call, abilities), etag=abilities.etag)


def _abilities(values: dict[str, Any], new: Abilities) -> Abilities:
    fields: dict[str, Any] = {
        "audio_preference": values.get("audioPreference"),
        "conversation_history": values.get("conversationHistory"),
        "lis_location": values.get("lisLocation"),
        "lis_query_result": values.get("lisQueryResult"),
        "phone_number": values.get("phoneNumber"),
        "publish_endpoint_location": values.get("publishEndpointLocation"),
        "simultaneous_ring_number_match": values.get("simultaneousRingNumberMatch"),
        "supported_message_formats": _tuple(values.get("supportedMessageFormats")),
        "video_based_screen_sharing": values.get("videoBasedScreenSharing"),
    }
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    modalities = offered(tuple(values.get("supportedModalities", ())))
    return replace(new, supported_modalities=modalities, **given)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
