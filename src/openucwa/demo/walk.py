"""The demo's walk: what an application does, step by step.

It uses HTTP, as any application does: first in JSON, then in XML. The meeting with participants is in
`joined_meeting.py`; steps are defined in `steps.py`.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from openucwa.client import Resource
from openucwa.demo.client import Client, Values
from openucwa.demo.joined_meeting import JoinedMeeting, Present, quoted_etag
from openucwa.demo.steps import Steps


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user of the demo. The password is no secret: every start prints it."""

    address: str
    name: str
    password: str

    @property
    def uri(self) -> str:
        return f"sip:{self.address}"


LENE = DemoUser("lene@example.com", "Lene Aaling", "lene-demo-password")
DANA = DemoUser("dana@example.com", "Dana Birkby", "dana-demo-password")
USERS = (LENE, DANA)
#: Someone without an account.
GUEST = "Joe"
#: By these the next run knows what a walk has made.
SUBJECT = "Budget"
USER_AGENT = "openucwa demo"

#: The extension for all participants: one property of each type.
AGENDA: Values = {
    "id": "agenda",
    "type": "RoamedParticipantData",
    "topic": "Budget of the coming year",
    "seats": 12,
    "budget": 1250.5,
    "recorded": False,
    "doorsOpen": datetime(2030, 1, 15, 8, 30, tzinfo=UTC),
    "speakers": ["Lene", "Dana"],
}
#: The extension for the organizer alone; the server assigns its id.
NOTES: Values = {"type": "RoamedOrganizerData", "remark": "Ask Dana about the room first", "priority": 1}


class Walk:
    """The walk in one format. `base`: the server's URL."""

    def __init__(self, base: str, steps: Steps) -> None:
        self._steps = steps
        self._lene = Client(base, steps.screen)
        self._dana = Client(base, steps.screen)
        self._guest = Client(base, steps.screen)

    def close(self) -> None:
        """Closes the connections."""
        for client in (self._lene, self._dana, self._guest):
            client.close()

    def go(self) -> str:
        """Takes all steps; returns the onlineMeetingId of the meeting that remains. StepFailed, Stopped."""
        tokens, applications = self._find()
        organizer = Present(LENE.name, "organizer", self._lene, self._open(self._lene, applications))
        meeting = self._schedule(organizer.application)
        extensions = meeting.link("onlineMeetingExtensions")
        self._attach(extensions)
        agenda, notes = self._read(extensions)
        joined = JoinedMeeting(self._steps, meeting, self._replace(agenda), notes)
        self._sign_in(self._dana, DANA, tokens)
        user = Present(DANA.name, "invited", self._dana, self._open(self._dana, applications))
        self._pry(user.application, meeting)
        joined.join_as_user(user)
        joined.join_as_organizer(organizer)
        self._sign_in_to(meeting, tokens)
        guest = Present(GUEST, "guest", self._guest, self._open(self._guest, applications))
        joined.join_as_guest(guest)
        joined.meet(organizer, user, guest)
        self._remove(notes)
        return meeting.text("onlineMeetingId")

    def _find(self) -> tuple[str, str]:
        """From the server's address to the hrefs of tokens and applications; Lene gets a token."""
        with self._steps.taking("Find the server", "A client that knows only the host finds all further links here."):
            user = self._steps.send(self._lene, "GET", "/", 200).seen.link("user")
        with self._steps.taking(
            "Request the user resource without a token",
            "The 401 challenge says where to get a token and which grants are offered.",
        ):
            challenges = self._steps.send(self._lene, "GET", user, 401).response.headers
            offers = [value for _, value in challenges if value.startswith("MsRtcOAuth ")]
            self._steps.must(len(offers) == 1 and "password" in offers[0], "there is no MsRtcOAuth challenge")
            tokens = offers[0].partition('href="')[2].partition('"')[0]
        self._sign_in(self._lene, LENE, tokens)
        with self._steps.taking("Request the user resource with the token", "It links to the user's applications."):
            return tokens, self._steps.send(self._lene, "GET", user, 200).seen.link("applications")

    def _sign_in(self, client: Client, user: DemoUser, tokens: str) -> None:
        with self._steps.taking(
            f"Get a token for {user.name}", "The password grant. Tokens are shortened on this screen."
        ):
            grant = {"grant_type": "password", "username": user.address, "password": user.password}
            client.token = self._steps.send(client, "POST", tokens, 200, form=grant).seen.text("access_token")

    def _sign_in_to(self, meeting: Resource, tokens: str) -> None:
        with self._steps.taking(
            "Get a token for one meeting",
            "The anonymous-meeting grant, for those who know the meeting but have no account.",
        ):
            grant = {
                "grant_type": "urn:microsoft.rtc:anonmeeting",
                "ms_rtc_conferenceuri": meeting.text("onlineMeetingUri"),
                "password": meeting.text("onlineMeetingId"),
            }
            answer = self._steps.send(self._guest, "POST", tokens, 200, form=grant)
            self._guest.token = answer.seen.text("access_token")

    def _open(self, client: Client, applications: str) -> Resource:
        with self._steps.taking(
            "Open an application", "One client of one user. It links to everything that the client may see."
        ):
            # A new one for each walk: the event channel of an earlier one still has the events of its meeting.
            endpoint = f"demo {self._steps.form.name} {secrets.token_hex(4)}"
            values: Values = {"culture": "en-US", "endpointId": endpoint, "userAgent": USER_AGENT}
            return self._steps.send(client, "POST", applications, 201, values).seen

    def _schedule(self, application: Resource) -> Resource:
        meetings = application.inner("onlineMeetings").link("myOnlineMeetings")
        with self._steps.taking(
            "Schedule a meeting", "Every property is optional; this meeting has a subject and an attendee."
        ):
            values: Values = {"subject": SUBJECT, "attendees": [DANA.uri], "accessLevel": "Invited"}
            meeting = self._steps.send(self._lene, "POST", meetings, 201, values).seen
            self._steps.must_show(meeting, values)
            return meeting

    def _attach(self, extensions: str) -> None:
        with self._steps.taking(
            "Attach data for all participants",
            "The properties are the application's own: text, numbers, a boolean, a date, a list.",
        ):
            answer = self._steps.send(self._lene, "POST", extensions, 201, AGENDA)
            self._steps.must_show(answer.seen, AGENDA)
            self._steps.must(
                answer.response.header("etag") == quoted_etag(answer.seen), "the ETag header is not the etag"
            )
            self._steps.must(
                answer.response.header("location") == answer.seen.link("self"),
                "Location is not the address of the extension",
            )
        with self._steps.taking("Attach data for the organizer alone", "Without an id: the server assigns one."):
            self._steps.must_show(self._steps.send(self._lene, "POST", extensions, 201, NOTES).seen, NOTES)

    def _read(self, extensions: str) -> tuple[Resource, Resource]:
        with self._steps.taking("Read all extensions", "Both are there, with every value unchanged."):
            shown = self._steps.send(self._lene, "GET", extensions, 200).seen.embedded.get("onlineMeetingExtension", [])
            self._steps.must(len(shown) == 2, f"there are {len(shown)} extensions, not 2")
            agenda, notes = shown
            self._steps.must_show(agenda, AGENDA)
            self._steps.must_show(notes, NOTES)
        with self._steps.taking(
            "Check an extension for changes", "If-None-Match: it has not changed, so it is not sent again."
        ):
            self._steps.send(
                self._lene, "GET", agenda.link("self"), 304, headers={"If-None-Match": quoted_etag(agenda)}
            )
        return agenda, notes

    def _replace(self, agenda: Resource) -> Resource:
        """Returns the changed extension."""
        href, read = agenda.link("self"), {"If-Match": quoted_etag(agenda)}
        with self._steps.taking(
            "Replace an extension",
            "The client returns what it read, with changes. If-Match and the property named by a GUID prove it.",
        ):
            changed = {name: value for name, value in agenda.properties.items() if name != "seats"}
            changed["topic"] = "Budget of the coming two years"
            replaced = self._steps.send(self._lene, "PUT", href, 200, changed, headers=read).seen
            self._steps.must_show(replaced, {name: value for name, value in changed.items() if name != "etag"})
            self._steps.must("seats" not in replaced.properties, "the property that was left out is still there")
            self._steps.must(replaced.text("etag") != agenda.text("etag"), "the etag is the old one")
        with self._steps.taking(
            "Replace it with a stale etag", "A writer holding a stale etag must not overwrite the change."
        ):
            late = {**agenda.properties, "topic": "Budget of this year"}
            self._steps.refused(self._steps.send(self._lene, "PUT", href, 412, late, headers=read))
        return replaced

    def _pry(self, application: Resource, meeting: Resource) -> None:
        meetings = application.inner("onlineMeetings").link("myOnlineMeetings")
        with self._steps.taking("Read someone else's meeting", "To everyone but its organizer it does not exist."):
            self._steps.refused(
                self._steps.send(self._dana, "GET", f"{meetings}/{quote(meeting.text('onlineMeetingId'))}", 404)
            )

    def _remove(self, notes: Resource) -> None:
        with self._steps.taking("Remove an extension", "Lene removes the one that she no longer needs."):
            self._steps.send(self._lene, "DELETE", notes.link("self"), 204)
        with self._steps.taking("Read the removed extension", "It no longer exists, and the error says so."):
            self._steps.refused(self._steps.send(self._lene, "GET", notes.link("self"), 404))
