"""A walk over a running server that calls every operation which docs/compliance.md marks as done.

A visit is a request over a socket, answered with the expected status, which /openapi.json must list for it. Reads are
repeated in XML.
"""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from lxml import etree

from tests.client import PASSWORD
from tests.docs.never_sent import names_of
from tests.process.running import LIMIT, RunningServer

#: Documented operations whose resource has another rel: by path, or by rel and method.
_ALSO = {
    ("anonApplications", "OPTIONS"): re.compile(r"/anonApplications$"),
    ("anonApplications", "POST"): re.compile(r"/anonApplications$"),
    ("sendMessage", "POST"): re.compile(r"/messaging/messages$"),
    ("startMessaging2", "POST"): re.compile(r"/messagingInvitations$"),
}

#: Documented resources that are shown at the place of another one, so that the answer has to name them.
VIEWS = {
    "anonApplications",
    "groupContacts",
    "localParticipant",
    "myAssignedOnlineMeeting",
    "onlineMeetingInvitation",
} | {
    "messagingInvitation",
    "participantInvitation",
}

Json = dict[str, Any]

#: A user who is homed in another pool, and that pool's URL.
ELSEWHERE = "erik@contoso.com"
POOL = "https://north.contoso.com"


@dataclass
class CalledOperations:
    """The operations that were called with success, by resource and method. `paths`, `components`: from /openapi.json.

    `shown`: what was answered, and its schema.
    """

    paths: Mapping[str, Json]
    components: Mapping[str, Json] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    shown: list[tuple[Json | None, Json]] = field(default_factory=list)

    def note(self, method: str, path: str, status: int, shown: Json) -> None:
        """Records an answer. AssertionError: its status is no success of this operation."""
        operation = self._operation(method, path)
        assert str(status) in operation["responses"], f"{method} {path}: {status} is not described"
        documented = operation["responses"][str(status)].get("content", {})
        self.shown.append((documented.get("application/json", {}).get("schema"), shown))
        self.seen.add((shown.get("rel", operation["tags"][0]), method))
        self.seen |= {(name, method) for name in names_of(operation["tags"][0], method) if name not in VIEWS}
        self.seen.update(name for name, pattern in _ALSO.items() if name[1] == method and pattern.search(path))

    def _operation(self, method: str, path: str) -> Json:
        # A literal segment goes before one that is a parameter.
        for template in sorted(self.paths, key=lambda template: (template.count("{"), template)):
            pattern = "/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in template.split("/"))
            if re.fullmatch(pattern, path, re.IGNORECASE) and method.lower() in self.paths[template]:
                return dict(self.paths[template][method.lower()])
        # Other spellings of documented names (docs/protocol.md, "Aliases") have no path of their own.
        assert path.endswith("/anonApplications"), f"{method} {path} is not described"
        return self._operation(method, path.replace("anonApplications", "applications"))


class Person:
    """Someone with a token and an application on the server."""

    def __init__(
        self, server: RunningServer, visits: CalledOperations, grant: Mapping[str, str], where: str = "applications"
    ) -> None:
        self.server = server
        self.visits = visits
        self.token: str | None = None
        answer = self.send("POST", "/WebTicket/oauthtoken", form=grant)
        self.token = answer["access_token"]
        opening = {"culture": "en-US", "endpointId": "visit", "userAgent": "test"}
        self.app = self.send("POST", f"/ucwa/v1/{where}", opening, status=201)
        self._next = self.link(self.app, "events")
        self._events: list[Json] = []

    def send(
        self, method: str, href: str, body: Json | str | None = None, *, status: int = 200, **more: Any
    ) -> dict[str, Any]:
        """The JSON of an answer, {} if it has none. AssertionError: another status."""
        url = urlsplit(href)
        target = f"{url.path}?{url.query}" if url.query else url.path
        headers: dict[str, str] = {"Accept": more.get("accept", "application/json"), **more.get("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        data: str | None = None
        if (form := more.get("form")) is not None:
            data, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        elif isinstance(body, str):
            data, headers["Content-Type"] = body, more.get("media_type", "text/plain")
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body), "application/json"
        found, kind, content = self._exchange(method, target, data, headers)
        assert found == status, f"{method} {target}: {found}, not {status}: {content[:500]!r}"
        shown: Json = json.loads(content) if kind.startswith("application/json") and content else {}
        if status < 300:
            self.visits.note(method, url.path, status, shown)
        if method == "GET" and shown.get("rel") and "application/json" in headers["Accept"]:
            found, kind, content = self._exchange(method, target, None, headers | {"Accept": "application/xml"})
            assert (found, kind.partition(";")[0]) == (200, "application/xml"), f"{target} in XML: {found}, {kind}"
            assert etree.fromstring(content).get("rel") == shown["rel"]
        return shown

    def _exchange(
        self, method: str, target: str, data: str | None, headers: Mapping[str, str]
    ) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port(), timeout=LIMIT)
        try:
            connection.request(method, target, data, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        finally:
            connection.close()

    @staticmethod
    def link(shown: Json, rel: str) -> str:
        """The href of a link, the first of several."""
        found = shown["_links"][rel]
        href: str = (found[0] if isinstance(found, list) else found)["href"]
        return href

    def follow(self, shown: Json, rel: str, *rels: str) -> Json:
        """GET of a link, and of links of what it leads to."""
        found = self.send("GET", self.link(shown, rel))
        return self.follow(found, *rels) if rels else found

    def waited_for(self, rel: str, kind: str) -> Json:
        """The resource of the next event of this rel and type; polls until it comes."""
        for _ in range(10):
            for event in self._events:
                if event["link"]["rel"] == rel and event["type"] == kind:
                    self._events.remove(event)
                    found: Json = event.get("_embedded", {}).get(rel, {"_links": {"self": event["link"]}})
                    return found
            shown = self.send("GET", self._next)
            self._next = self.link(shown, "next")
            self._events += [event for sender in shown["sender"] for event in sender["events"]]
        raise AssertionError(f"there was no event {rel} {kind}")

    def join(self, meeting: Json, **more: str) -> Json:
        """The conversation of a meeting, which this person joins."""
        self.send(
            "POST",
            self.link(self.app["_embedded"]["communication"], "joinOnlineMeeting"),
            {"onlineMeetingUri": meeting["onlineMeetingUri"], **more},
            status=201,
        )
        return self.send("GET", self.link(self.waited_for("conversation", "added"), "self"))


def visit(server: RunningServer, organizer: str, colleague: str) -> CalledOperations:
    """Walks; `organizer` and `colleague` are the addresses of users. The settings must name a dial-in region."""
    status, described = server.ask("GET", "/openapi.json")
    assert status == 200
    visits = CalledOperations(described["paths"], described["components"])  # type: ignore[arg-type]
    lene = Person(server, visits, _password(organizer))
    dana = Person(server, visits, _password(colleague))
    _discover(lene)
    _presence(lene, dana, colleague)
    _contacts(lene)
    meeting = _meetings(lene)
    _extensions(lene, meeting)
    conversation = lene.join(meeting)
    _invitations(lene, dana, conversation)
    _lobby(lene, meeting, conversation)
    _messaging(lene, dana, conversation)
    _two_party(lene, dana)
    _leave(lene, dana, meeting, conversation)
    _elsewhere(lene, server)
    return visits


def _password(address: str) -> dict[str, str]:
    return {"grant_type": "password", "username": address, "password": PASSWORD}


def _discover(lene: Person) -> None:
    root = lene.send("GET", "/")
    lene.follow(root, "user")
    lene.send("GET", lene.link(root, "xframe"), accept="text/html")
    lene.follow(lene.app, "self")
    assert lene.follow(lene.app, "policies")["photos"] == "Enabled"
    communication = lene.follow(lene.app["_embedded"]["communication"], "self")
    match = {"If-Match": f'"{communication["etag"]}"'}
    communication["audioPreference"] = "PhoneAudio"
    changed = lene.send("PUT", lene.link(communication, "self"), communication, headers=match)
    assert changed["audioPreference"] == "PhoneAudio"
    everything = lene.send("GET", lene.link(lene.app, "self").rpartition("/")[0])["_embedded"]["application"]
    assert lene.link(lene.app, "self") in [lene.link(each, "self") for each in everything]
    for name in ("applications", "anonApplications"):
        lene.send("OPTIONS", f"/ucwa/v1/{name}")
    lene.send("POST", lene.link(lene.app, "reportMyNetwork"), {"clientNetworkType": "External"}, status=201)
    lene.follow(lene.app["_embedded"]["people"], "self")
    part = (
        f"GET {lene.link(lene.app['_embedded']['me'], 'self')} HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n"
    )
    body = f"--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n{part}\r\n--b--\r\n"
    lene.send("POST", lene.link(lene.app, "batch"), body, media_type="multipart/batching;boundary=b", accept="*/*")


def _contacts(lene: Person) -> None:
    people = lene.follow(lene.app["_embedded"]["people"], "self")
    subscription = lene.follow(people, "myContactsAndGroupsSubscription")
    start = lene.link(subscription, "startOrRefreshSubscriptionToContactsAndGroups")
    lene.send("POST", start, {"duration": 10}, status=201)
    found = lene.send("GET", f"{lene.link(people, 'search')}?query=dana&limit=3")["_embedded"]["contact"][0]
    relationship = lene.follow(found, "contactPrivacyRelationship")
    lene.follow(found, "contactPhoto")
    lene.follow(lene.app["_embedded"]["me"], "photo")
    lene.send("GET", f"{lene.link(lene.app, 'self')}/photo?size=HR64X64")
    headers = {"If-Match": f'"{relationship["etag"]}"'}
    relationship["relationshipLevel"] = "Workgroup"
    lene.send("PUT", lene.link(relationship, "self"), relationship, headers=headers)
    levels = lene.follow(people, "myPrivacyRelationships")["_embedded"]["myPrivacyRelationship"]
    lene.follow(levels[0], "self")
    lene.send("POST", lene.link(relationship, "resetContactPrivacyRelationship"), status=204)
    groups = lene.link(people, "myGroups")
    lene.send("POST", groups, {"displayName": "Family"}, status=204)
    group = lene.waited_for("group", "added")
    memberships = lene.link(people, "myGroupMemberships")
    membership = {"contactUri": found["uri"], "groupId": group["id"]}
    added = lene.send("POST", memberships, membership, status=201)
    lene.waited_for("contact", "added")
    lene.follow(lene.follow(people, "myContacts")["_embedded"]["contact"][0], "self")
    lene.send("GET", memberships)
    lene.follow(added, "self")
    lene.send("GET", f"{lene.link(group, 'self')}/groupMemberships")
    lene.follow(group, "groupContacts")
    found_group = lene.send("GET", f"{lene.link(people, 'search')}?query=sales")["_embedded"]["distributionGroup"][0]
    listing = {"displayName": "Sales", "smtpAddress": found_group["id"]}
    lene.send("POST", lene.link(found_group, "addToContactList"), listing, status=204)
    lene.follow(lene.follow(found_group, "self"), "expandDistributionGroup")
    lene.send("POST", lene.link(found_group, "removeFromContactList"), {"groupId": found_group["id"]}, status=204)
    shown = lene.send("GET", groups)
    for rel in ("defaultGroup", "delegatesGroup", "delegatorsGroup", "myOrganizationGroup", "pinnedGroup"):
        lene.follow(shown, rel)
    lene.send("DELETE", lene.link(added, "self"), status=204)
    lene.send("POST", f"{memberships}/removeContactFromAllGroups", {"contactUri": found["uri"]}, status=204)
    group = lene.send("GET", lene.link(group, "self"))
    headers = {"If-Match": f'"{group["etag"]}"'}
    group["name"] = "Friends"
    assert lene.send("PUT", lene.link(group, "self"), group, headers=headers)["name"] == "Friends"
    lene.send("DELETE", lene.link(group, "self"), status=204)
    lene.send("POST", lene.link(subscription, "stopSubscriptionToContactsAndGroups"), status=204)


def _meetings(lene: Person) -> Json:
    meetings = lene.follow(lene.app["_embedded"]["onlineMeetings"], "self")
    for rel in (
        "onlineMeetingDefaultValues",
        "onlineMeetingEligibleValues",
        "onlineMeetingInvitationCustomization",
        "onlineMeetingPolicies",
    ):
        lene.follow(meetings, rel)
    dial_in = lene.follow(meetings, "phoneDialInInformation")
    lene.follow(dial_in["_embedded"]["dialInRegion"][0], "self")
    assigned = lene.follow(meetings, "myAssignedOnlineMeeting")
    match = {"If-Match": f'"{assigned["etag"]}"'}
    assert lene.send("PUT", lene.link(assigned, "self"), assigned | {"subject": "Mine"}, headers=match) == assigned
    mine = lene.link(meetings, "myOnlineMeetings")
    unwanted = lene.send("POST", mine, {"subject": "Unwanted"}, status=201)
    lene.send("GET", mine)
    href = lene.link(unwanted, "self")
    unwanted["subject"] = "Changed"
    changed = lene.send("PUT", href, unwanted, headers={"If-Match": f'"{unwanted["etag"]}"'})
    assert changed["subject"] == "Changed"
    lene.send("DELETE", href, status=204)
    budget = {"subject": "Budget", "accessLevel": "Invited", "attendees": ["sip:danab@contoso.com"]}
    return lene.send("POST", mine, budget, status=201)


def _extensions(lene: Person, meeting: Json) -> None:
    everything = lene.link(meeting, "onlineMeetingExtensions")
    made = lene.send("POST", everything, {"type": "RoamedParticipantData", "seats": 12}, status=201)
    href = lene.link(made, "self")
    read = lene.send("GET", href)
    read["seats"] = 14
    assert lene.send("PUT", href, read, headers={"If-Match": f'"{read["etag"]}"'})["seats"] == 14
    assert lene.send("GET", everything)["_embedded"]["onlineMeetingExtension"][0]["seats"] == 14
    lene.send("DELETE", href, status=204)
    lene.send("POST", everything, {"id": "agenda", "type": "RoamedParticipantData"}, status=201)


def _presence(lene: Person, dana: Person, colleague: str) -> None:
    available = dana.link(dana.app["_embedded"]["me"], "makeMeAvailable")
    lene.send(
        "POST",
        lene.link(lene.app["_embedded"]["me"], "makeMeAvailable"),
        {"supportedModalities": []},
        status=201,
        headers={"X-MS-RequiresMinResourceVersion": "2.0"},
    )
    dana.send("POST", available, {"supportedModalities": ["Messaging"]}, status=204)
    me = dana.follow(dana.app["_embedded"]["me"], "self")
    dana.send("POST", dana.link(me, "reportMyActivity"), status=204)
    for rel, name in (("presence", "availability"), ("note", "message"), ("location", "location")):
        dana.send("POST", dana.link(me, rel), {name: "Busy"}, status=204)
        assert dana.follow(me, rel)[name] == "Busy"
    people = lene.follow(lene.app["_embedded"]["people"], "self")
    subscriptions = lene.link(people, "presenceSubscriptions")
    made = lene.send("POST", subscriptions, {"duration": 10, "uris": []}, status=201)
    lene.send("GET", subscriptions)
    lene.send("POST", lene.link(made, "self"), {"duration": 10})
    lene.follow(made, "self")
    body = {"contactUris": [f"sip:{colleague}"]}
    (membership,) = lene.send("POST", lene.link(made, "addToPresenceSubscription"), body, status=201)["_embedded"][
        "presenceSubscriptionMembership"
    ]
    lene.follow(made, "memberships")
    lene.follow(membership, "self")
    contact = lene.follow(lene.follow(people, "subscribedContacts"), "contact")
    group = lene.follow(people, "myGroups")["_embedded"]["pinnedGroup"]
    of_group = lene.send("POST", f"{lene.link(group, 'subscribeToGroupPresence')}&duration=10", status=201)
    assert "addToPresenceSubscription" not in lene.follow(of_group, "self")["_links"]
    for rel in ("contactPresence", "contactNote", "contactLocation", "contactSupportedModalities"):
        lene.follow(contact, rel)
    lene.send("DELETE", lene.link(membership, "self"), status=204)
    lene.send("DELETE", lene.link(made, "self"), status=204)


def _invitations(lene: Person, dana: Person, conversation: Json) -> None:
    add = lene.link(conversation, "addParticipant")
    for end in ("cancel", "decline", "accept"):
        lene.send("POST", add, {"to": "sip:danab@contoso.com", "operationId": end}, status=201)
        outgoing = lene.send("GET", lene.link(lene.waited_for("participantInvitation", "started"), "self"))
        incoming = dana.follow(dana.waited_for("onlineMeetingInvitation", "started"), "self")
        if end == "cancel":
            lene.send("POST", lene.link(outgoing, end), status=204)
        else:
            dana.send("POST", dana.link(incoming, end), status=204)
        lene.waited_for("participantInvitation", "completed")
    joined = dana.send("GET", dana.link(dana.waited_for("conversation", "added"), "self"))
    dana.follow(joined, "onlineMeeting")
    dana.send("DELETE", dana.link(joined, "self"), status=204)


def _lobby(lene: Person, meeting: Json, conversation: Json) -> None:
    grant = {
        "grant_type": "urn:microsoft.rtc:anonmeeting",
        "ms_rtc_conferenceuri": meeting["onlineMeetingUri"],
        "password": meeting["onlineMeetingId"],
    }
    for action in ("reject", "admit"):
        guest = Person(lene.server, lene.visits, grant, "anonApplications")
        guest.join(meeting, anonymousDisplayName="Joe")
        (waiting,) = lene.follow(conversation, "lobby")["_embedded"]["participant"]
        lene.send("POST", lene.link(waiting, action), status=204)
    for rel in ("attendees", "leaders"):
        lene.follow(conversation, rel)
    for action in ("promote", "demote", "eject"):
        shown = lene.follow(waiting, "self")
        lene.send("POST", lene.link(shown, action), status=204)


def _messaging(lene: Person, dana: Person, conversation: Json) -> None:
    lene.follow(conversation, "localParticipant")
    organizer = lene.follow(conversation, "onlineMeeting", "organizer")
    assert organizer["uri"] == "sip:lenea@contoso.com"
    lene.follow(conversation, "onlineMeeting", "onlineMeetingExtensions")
    messaging = lene.follow(conversation, "messaging")
    lene.send("POST", lene.link(messaging, "addMessaging"), {"operationId": "m"}, status=201)
    lene.send("GET", lene.link(lene.waited_for("messagingInvitation", "started"), "self"))
    messaging = lene.follow(conversation, "messaging")
    lene.send("POST", lene.link(messaging, "setIsTyping"), status=204)
    said = lene.link(messaging, "sendMessage")
    lene.send("POST", said, "Hello", status=201)
    message = lene.waited_for("message", "completed")
    lene.send("GET", lene.link(message, "self"))
    lene.send("GET", f"{lene.link(messaging, 'self')}/messages")
    for rel in ("disableAudienceMessaging", "enableAudienceMessaging"):
        lene.send("POST", lene.link(lene.follow(conversation, "self"), rel), status=204)
    me = lene.follow(conversation, "localParticipant")
    lene.follow(me, "participantMessaging")
    lene.send("POST", lene.link(messaging, "stopMessaging"), status=204)


def _two_party(lene: Person, dana: Person) -> None:
    starting = lene.link(lene.app["_embedded"]["communication"], "startMessaging")
    for end in ("cancel", "decline", "accept"):
        body = {"to": "sip:danab@contoso.com", "operationId": f"two {end}", "message": "data:text/plain,Hello"}
        lene.send("POST", starting, body, status=201)
        outgoing = lene.send("GET", lene.link(lene.waited_for("messagingInvitation", "started"), "self"))
        incoming = dana.follow(dana.waited_for("messagingInvitation", "started"), "self")
        assert dana.follow(incoming, "from")["uri"] == "sip:lenea@contoso.com"
        assert lene.follow(outgoing, "to")["uri"] == "sip:danab@contoso.com"
        lene.visits.seen |= {("from", "GET"), ("to", "GET")}
        dana.waited_for("conversation", "added")
        if end == "accept":
            dana.send("POST", dana.link(dana.app["_embedded"]["communication"], "replayMessage"), status=204)
            assert dana.waited_for("messagingInvitation", "started") == incoming
        if end == "cancel":
            lene.send("POST", lene.link(outgoing, end), status=204)
        else:
            dana.send("POST", dana.link(incoming, end), status=204)
        lene.waited_for("messagingInvitation", "completed")
    accepted = lene.follow(outgoing, "self")["_embedded"]["acceptedByParticipant"][0]
    assert lene.follow(accepted, "self")["uri"] == "sip:danab@contoso.com"
    assert dana.follow(incoming, "self", "acceptedByContact")["uri"] == "sip:danab@contoso.com"
    lene.visits.seen |= {("acceptedByParticipant", "GET"), ("acceptedByContact", "GET")}
    lene.send("GET", f"{lene.link(lene.app['_embedded']['communication'], 'self')}/invitations")
    lene.send("DELETE", lene.link(outgoing, "conversation"), status=204)
    _history(lene)


def _history(lene: Person) -> None:
    communication = lene.app["_embedded"]["communication"]
    lene.follow(communication, "missedItems")
    log = lene.follow(communication, "conversationLogs", "conversationLog")
    lene.send("GET", lene.link(log["_embedded"]["conversationLogRecipient"][0], "self"))
    shown = lene.follow(log, "conversationLogTranscripts")
    said = lene.send("GET", lene.link(shown["_embedded"]["conversationLogTranscript"][0], "self"))
    lene.send("GET", lene.link(said["_embedded"]["messageTranscript"], "self"))
    lene.send("GET", f"{lene.link(said, 'self')}/nextConversationLogTranscripts")
    lene.send("POST", lene.link(log, "markAsRead"), status=204)
    lene.send("POST", lene.link(log, "continueMessaging"), {"operationId": "again"}, status=201)
    lene.send("DELETE", lene.link(log, "self"), status=204)


def _leave(lene: Person, dana: Person, meeting: Json, conversation: Json) -> None:
    elsewhere = dana.join(meeting)
    (other, *_) = (href for href in _hrefs(lene.follow(conversation, "participants")) if "danab" in href)
    lene.send("GET", other)
    lene.send("GET", lene.link(lene.app["_embedded"]["communication"], "conversations"))
    for person, left in ((dana, elsewhere), (lene, conversation)):
        person.send("DELETE", person.link(left, "self"), status=204)
    starting = lene.link(lene.app["_embedded"]["communication"], "startOnlineMeeting")
    lene.send("POST", starting, {"subject": "Now"}, status=201)
    dana.send("DELETE", dana.link(dana.app, "self"), status=204)


def _elsewhere(lene: Person, server: RunningServer) -> None:
    token, lene.token = lene.token, None
    lene.token = lene.send("POST", "/WebTicket/oauthtoken", form=_password(ELSEWHERE))["access_token"]
    user = lene.send("GET", "/Autodiscover/AutodiscoverService.svc/root/user")
    assert lene.link(user, "redirect") == POOL
    redirect = lene.send("GET", "/Autodiscover/AutodiscoverService.svc/root/user/redirect")
    assert lene.link(redirect, "user").startswith(POOL)
    lene.token = token


def _hrefs(shown: Json) -> Iterator[str]:
    found = shown["_links"].get("participant", [])
    yield from (link["href"] for link in (found if isinstance(found, list) else [found]))
