"""The stage for a replay: a server on which what a sample speaks of is there, and the sample's request filled in.

Filled in are what a client would have from its own server and its own day: ids, hrefs, tags, dates to come.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from openucwa.app import Service
from openucwa.config_checks import CLIENT_POLICIES, CLIENT_POLICY_TEXTS
from openucwa.config_options import DialInRegion, Pool
from tests.client import UcwaClient, add_user, extensions_of, self_of
from tests.conftest import Connect, Make
from tests.pictures.images import photo
from tests.samples import two_users
from tests.samples.contact_list import SALES, contact_hrefs
from tests.samples.joined_meeting import LIVE, OTHERS, JoinedMeeting
from tests.samples.messages import OWN, Sample
from tests.samples.two_users import TwoUsers

#: Settings under which every member that comes from a setting has something to show.
TOLD: dict[str, Any] = {
    "dial_in_default_region": "Aarhus",
    "dial_in_external_directory": "https://dial.contoso.com",
    "dial_in_internal_directory": "https://dial.contoso.com/inside",
    "dial_in_toll_number": "tel:+4570555501",
    "dial_in_toll_free_numbers": ("tel:+4580555502",),
    "dial_in_pass_code": "1337",
    "dial_in_regions": (DialInRegion("Aarhus", "tel:+4570555501", ("da-DK", "en-GB")),),
    "disclaimer_title": "Meeting Confidentiality",
    "disclaimer_body": "The matters of this meeting are confidential.",
    "invitation_footer_text": "Bring your own coffee.",
    "client_policies": (
        *(f"{name}=Disabled" for name in sorted(CLIENT_POLICIES)),
        *(f"{name}=samplevalue" for name in sorted(CLIENT_POLICY_TEXTS)),
    ),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "bare": {"assigned_meeting": False},
    "guest": {},
    "elsewhere": {"pools": (Pool("north", "https://north.contoso.com", backup="south"),)},
}

#: What the extension of the project's own samples holds.
SEATING = {"rows": 9, "vegetarian": False, "doors": "/Date(1700000000000)/", "tables": ["elm"]}

#: In which situations an operation is replayed, where not in the usual one alone.
#: usual: signed in, an application is open. tab: it was opened with a type and an instanceId. available: after
#: makeMeAvailable. set: after a PUT of communication with all it takes. anonymous: with an anonymous token.
#: bare: no assigned meeting, no directory, nothing told in the settings. elsewhere: the user is homed in another pool.
#: The rest is
#: said in `room`.
SITUATIONS: dict[str, tuple[str, ...]] = {
    "accept.POST": ("invited", "asked"),
    "addMessaging.POST": ("unconnected",),
    "addParticipant.POST": ("alone",),
    "admit.POST": ("lobby",),
    "anonApplications.POST": ("anonymous",),
    "application.GET": ("usual", "tab", "available", "anonymous"),
    "attendees.GET": ("room",),
    "cancel.POST": ("inviting", "asking"),
    "communication.GET": ("usual", "set", "anonymous"),
    "contact.GET": ("usual", "described"),
    "contactLocation.GET": ("available",),
    "contactNote.GET": ("available",),
    "contactPresence.GET": ("usual", "available"),
    "contactSupportedModalities.GET": ("available",),
    "conversation.DELETE": ("room",),
    "acceptedByContact.GET": ("answering",),
    "acceptedByParticipant.GET": ("talking",),
    "conversation.GET": ("room", "silenced", "attending", "waiting", "asking", "asked", "talking"),
    "conversations.GET": ("room",),
    "continueMessaging.POST": ("logged",),
    "conversationLog.DELETE": ("logged",),
    "conversationLog.GET": ("logged",),
    "conversationLogRecipient.GET": ("logged",),
    "conversationLogTranscript.GET": ("logged", "read"),
    "conversationLogTranscripts.GET": ("logged", "long"),
    "conversationLogs.GET": ("logged",),
    "markAsRead.POST": ("logged",),
    "messageTranscript.GET": ("logged",),
    "nextConversationLogTranscripts.GET": ("logged", "long"),
    "decline.POST": ("invited", "asked"),
    "demote.POST": ("promoted",),
    "disableAudienceMessaging.POST": ("room",),
    "eject.POST": ("room",),
    "enableAudienceMessaging.POST": ("silenced",),
    "joinOnlineMeeting.POST": ("joining",),
    "leaders.GET": ("room",),
    "lobby.GET": ("lobby",),
    "from.GET": ("asked", "answering"),
    "localParticipant.GET": ("room", "attending", "unconnected", "guest", "talking"),
    "location.GET": ("available",),
    "location.POST": ("available",),
    "me.GET": ("usual", "available", "anonymous", "described"),
    "message.GET": ("room", "attending", "guest", "asked", "answering"),
    "messages.GET": ("room",),
    "messaging.GET": ("room", "unconnected", "asking", "talking"),
    "messagingInvitation.GET": ("room", "asking", "asked", "talking", "answering"),
    "replayMessage.POST": ("asked",),
    "note.GET": ("available",),
    "note.POST": ("available",),
    "myGroups.GET": ("usual", "bare"),
    "myOnlineMeetings.GET": ("usual", "bare"),
    "onlineMeetingEligibleValues.GET": ("usual", "bare"),
    "onlineMeeting.GET": ("room", "guest"),
    "onlineMeetingInvitation.GET": ("room", "invited", "accepting", "guest"),
    "onlineMeetings.GET": ("usual", "bare"),
    "organizer.GET": ("room",),
    "participant.GET": ("answering", "room", "attending", "unconnected", "promoted", "lobby", "visited"),
    "participantInvitation.GET": ("inviting", "accepted"),
    "participantMessaging.GET": ("room",),
    "phoneDialInInformation.GET": ("usual", "bare"),
    "presence.GET": ("available",),
    "presence.POST": ("available",),
    "promote.POST": ("room",),
    "reject.POST": ("lobby",),
    "reportMyActivity.POST": ("available",),
    "search.GET": ("usual", "bare"),
    "sendMessage.POST": ("room",),
    "setIsTyping.POST": ("room",),
    "startMessaging.POST": ("calling",),
    "startMessaging2.POST": ("calling",),
    "stopMessaging.POST": ("room", "asking", "talking"),
    "to.GET": ("asking",),
    "redirect.GET": ("elsewhere",),
    "policies.GET": ("usual", "bare"),
    "failedDeliveryParticipant.GET": ("room",),
    "user.GET": ("usual", "elsewhere"),
}
USUAL = ("usual",)

#: What a directory knows of a user.
DETAILS = {
    "title": "Engineer",
    "department": "Research",
    "company": "Contoso",
    "office": "2/14",
    "work_phone": "tel:+4570555501",
    "mobile_phone": "tel:+4570555502",
    "home_phone": "tel:+4570555504",
    "other_phone": "tel:+4570555505",
}

#: Query parameters that a request needs, and its sample has in its description only.
QUERIES = {
    "myGroupMemberships2.POST": "contactUri=sip:alexd@contoso.com",
    "presenceSubscription.POST": "duration=11",
    "removeContactFromAllGroups.POST": "contactUri=sip:danab@contoso.com",
    "removeContactFromAllGroups2.POST": "contactUri=sip:danab@contoso.com",
    "addToContactList.POST": f"displayName=Sales&smtpAddress={SALES}",
    "removeFromContactList.POST": f"groupId={SALES}",
    "search.GET": "query=dan",
    "search2.GET": "query=dan",
    "startOrRefreshSubscriptionToContactsAndGroups.POST": "duration=30",
    "subscribeToGroupPresence.POST": "groupId=pinnedGroup&duration=11",
}

#: Headers that a request needs, and its sample lacks.
HEADERS = {"makeMeAvailable2.POST": {"X-Ms-Requiresminresourceversion": "2.0"}}

_ID = re.compile(r'"id"\s*:\s*"([^"]*)"|<property name="id">([^<]*)<')
_JSON_DATE = re.compile(r"/Date\(\d+\)")
_XML_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
_APPLICATION = re.compile(r"/ucwa/v1/applications/\w+")
_TRANSPORT = {"authorization", "host", "content-length"}
_A_DAY = 86_400_000


@dataclass
class Stage:
    """A server and a client of it. `hrefs`: of what is there, by rel. `extension`: the id of the one extension.

    `somebody`: whom the sample's request names, where it names anybody.
    """

    service: Service
    client: UcwaClient
    hrefs: dict[str, str]
    extension: str
    query: str = ""
    somebody: str = ""

    async def replay(self, sample: Sample) -> httpx.Response:
        """Sends the sample's request, filled in."""
        request = sample.request
        headers = {name.title(): value for name, value in request.headers.items() if name not in _TRANSPORT}
        headers |= HEADERS.get(sample.name, {})
        href = self._href(sample)
        body = self._body(request.body)
        if sample.method == "PUT":
            body = await self._put(sample, href, headers, body)
        return await self.client.request(sample.method, href, headers=headers, content=body.encode())

    def _href(self, sample: Sample) -> str:
        """Where the request goes: by the server's own link where there is one, else by the sample's path."""
        path = _APPLICATION.sub(self.client.app, urlsplit(sample.request.target).path)
        href = self.hrefs.get(sample.rel, path)
        return f"{href}?{self.query}" if self.query else href

    def _body(self, body: str) -> str:
        body = _JSON_DATE.sub(f"/Date({self.service.world.now() + _A_DAY})", body)
        body = _XML_DATE.sub("2023-12-24T18:00:00", body)
        # The reference puts SIP URIs between quotation marks of their own, which no SIP URI has.
        body = re.sub(r'(\\"|(?<=>)") ?(sip:[^"<\\]+)(\\"|"(?=<))', r"\2", body)
        body = re.sub(r"base64,\s+", "base64,", body)
        # What stands for a message there is base64 of no text.
        body = body.replace("somebase64encodedmessage", "c29tZSBtZXNzYWdl")
        body = body.replace("sip:john@contoso.com", self.somebody)
        return _APPLICATION.sub(self.client.app, body)

    async def _put(self, sample: Sample, href: str, headers: dict[str, str], body: str) -> str:
        stored = (await self.client.get(href, headers={"Accept": "application/json"})).json()
        headers["If-Match"] = f'"{stored["etag"]}"'
        name = next(name for name, value in stored.items() if value == "please pass this in a PUT request")
        if name in body:
            return body
        if sample.form == "xml":
            return re.sub(r"(</\w+>)$", rf'<property name="{name}">{stored[name]}</property>\1', body)
        return json.dumps({**json.loads(body), name: stored[name]})


async def set_stage(sample: Sample, situation: str, make_service: Make, connect: Connect) -> Stage:
    """Makes a server, and on it what the sample speaks of."""
    # Its organizer invites the people of the samples, who are of two domains.
    together = ("contoso.com", "fabrikam.example")
    service = await make_service(enterprise_domains=together, **SETTINGS.get(situation, TOLD))
    client = connect(service)
    shown = _ID.search(sample.response.body)
    extension = (shown[1] or shown[2]) if shown else "917823"
    if situation == "elsewhere":
        await add_user(service, "sip:erik@contoso.com", pool="north")
        await client.sign_in("erik@contoso.com")
        return Stage(service, client, {}, extension)
    name = "lenea"
    if situation == "described":
        name = "erik"
        await add_user(service, "sip:erik@contoso.com", "Erik", email="erik@contoso.com", **DETAILS)
    await client.sign_in(f"{name}@contoso.com")
    stage = Stage(service, client, {}, extension)
    if situation == "tab":
        await client.open("stage", type="Browser", instanceId="left")
        stage.query = "instanceId=left"
    else:
        await client.open("stage")
    if sample.rel in {"photo", "contactPhoto"}:
        answer = await client.put(
            f"{client.app}/openucwa/photo", content=photo(), headers={"Content-Type": "image/jpeg"}
        )
        assert answer.status_code == 204, answer.text
    if situation == "anonymous":
        meeting = await client.schedule(subject="Quarterly numbers")
        stage.client = connect(service)
        await stage.client.sign_in_to_meeting(meeting)
        await stage.client.open("guest")
        return stage
    if situation in {"available", "set"}:
        answer = await client.post(f"{client.app}/communication/makeMeAvailable", json={})
        assert answer.status_code == 204, answer.text
    if situation == "set":
        await _set_communication(client)
    if situation in LIVE | OTHERS.keys():
        room = JoinedMeeting(service, connect, client, situation)
        await room.set(extension)
        stage.client, stage.hrefs, stage.somebody = room.client, room.hrefs, room.somebody
        return stage
    if situation in two_users.SITUATIONS:
        two = TwoUsers(service, connect, client, situation)
        await two.set(extension)
        stage.client, stage.hrefs, stage.somebody = two.client, two.hrefs, two.somebody
        return stage
    if "/onlineMeetings" in sample.request.target:
        await _schedule(stage, sample)
    else:
        await _find_people(stage, f"{name}@contoso.com")
        stage.hrefs |= await contact_hrefs(client, "" if situation == "bare" else sample.rel)
        if sample.name == "presenceSubscriptionMemberships.POST":
            stage.hrefs["presenceSubscriptionMemberships"] = stage.hrefs["memberships"]
    stage.query = QUERIES.get(sample.name, stage.query)
    return stage


async def _find_people(stage: Stage, address: str) -> None:
    """The collections of people, a contact of this address, and a subscription to Dana's presence."""
    client = stage.client
    people = (await client.get(f"{client.app}/people")).json()
    stage.hrefs |= {rel: link["href"] for rel, link in people["_links"].items() if rel != "self"}
    stage.hrefs["contact"] = f"{client.app}/people/{address}"
    contact = (await client.get(stage.hrefs["contact"])).json()
    stage.hrefs |= {rel: link["href"] for rel, link in contact["_links"].items() if rel != "self"}
    uris = ["sip:danab@contoso.com"]
    granted = await client.post(stage.hrefs["presenceSubscriptions"], json={"duration": 11, "uris": uris})
    stage.hrefs["presenceSubscription"] = granted.headers["Location"]
    for rel in ("memberships", "addToPresenceSubscription"):
        stage.hrefs[rel] = granted.json()["_links"][rel]["href"]
    members = (await client.get(stage.hrefs["memberships"])).json()["_embedded"]["presenceSubscriptionMembership"]
    stage.hrefs["presenceSubscriptionMembership"] = self_of(members[0])
    stage.hrefs["subscribeToGroupPresence"] = stage.hrefs["presenceSubscriptions"]
    stage.hrefs["applications2"] = "/ucwa/v1/applications"


async def _set_communication(client: UcwaClient) -> None:
    communication = (await client.get(f"{client.app}/communication")).json()
    answer = await client.replace(
        communication,
        audioPreference="PhoneAudio",
        lisLocation="Aarhus",
        lisQueryResult="Succeeded",
        phoneNumber="tel:+4570555503",
    )
    assert answer.status_code == 200, answer.text


async def _schedule(stage: Stage, sample: Sample) -> None:
    """The meetings of the sample, each with one extension where the sample is not what adds it."""
    client = stage.client
    meeting = await client.schedule(attendees=["sip:danab@contoso.com"], leaders=["sip:lenea@contoso.com"])
    family = (await client.get(f"{client.app}/onlineMeetings")).json()["_links"]
    meetings = {"myOnlineMeeting": meeting}
    if "myAssignedOnlineMeeting" in family:
        assigned = (await client.get(family["myAssignedOnlineMeeting"]["href"])).json()
        meetings["myAssignedOnlineMeeting"] = assigned
    if sample.name != "onlineMeetingExtensions.POST":
        properties = SEATING if sample.folder == OWN else {}
        for one in meetings.values():
            await client.extend(one, id=stage.extension, type="RoamedParticipantData", **properties)
    stage.hrefs |= {rel: self_of(one) for rel, one in meetings.items()}
    stage.hrefs["onlineMeetingExtensions"] = extensions_of(meeting)
    stage.hrefs["onlineMeetingExtension"] = f"{extensions_of(meeting)}/{quote(stage.extension, safe='')}"
    dial_in = (await client.get(family["phoneDialInInformation"]["href"])).json()
    for region in dial_in["_embedded"]["dialInRegion"]:
        stage.hrefs["dialInRegion"] = self_of(region)
