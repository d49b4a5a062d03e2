"""The demo's walk: the main job of an application, step by step, before the reader's eyes.

It goes over HTTP, as any application does: first in JSON, then in XML. What it speaks with is `client.py`'s.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from openucwa.demo.client import Answer, Client, Form, Json, Screen, Seen, Values, WentWrong


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user of the demo. The password is no secret: it is printed at every start."""

    address: str
    name: str
    password: str

    @property
    def uri(self) -> str:
        return f"sip:{self.address}"


LENE = DemoUser("lene@example.com", "Lene Aaling", "lene-demo-password")
DANA = DemoUser("dana@example.com", "Dana Birkby", "dana-demo-password")
USERS = (LENE, DANA)

#: What the walk attaches to a meeting for all participants: one property of each kind.
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
#: And for the organizer alone; its id is made by the server.
NOTES: Values = {"type": "RoamedOrganizerData", "remark": "Ask Dana about the room first", "priority": 1}


class Stopped(Exception):  # somebody's wish, not an error
    """The server is being stopped, so the walk is over."""


class Walk:
    """The main job, step by step, in one form. `step`, `title`: where it is; `before`: the steps that others took."""

    def __init__(self, base: str, form: Form, screen: Screen, stopped: Callable[[], bool], before: int) -> None:
        self._form = form
        self._screen = screen
        self._stopped = stopped
        self._lene = Client(base, screen)
        self._dana = Client(base, screen)
        self._client = self._lene
        self.step = before
        self.title = ""

    def close(self) -> None:
        """Ends the connections."""
        self._lene.close()
        self._dana.close()

    def go(self) -> str:
        """Walks; the onlineMeetingId of the meeting that is left. WentWrong: not all is as it should be. Stopped."""
        tokens, applications = self._find()
        meeting = self._schedule(self._open(applications))
        extensions = meeting.link("onlineMeetingExtensions")
        self._attach(extensions)
        agenda, notes = self._read(extensions)
        self._replace(agenda)
        self._sign_in(self._dana, DANA, tokens)
        application = self._open(applications)
        self._pry(application, meeting)
        self._join(application, meeting)
        self._client = self._lene
        self._remove(notes)
        return meeting.text("onlineMeetingId")

    def _find(self) -> tuple[str, str]:
        """From the server's address to the hrefs of tokens and applications; Lene has a token then."""
        with self._taking("Find the server", "Who knows the host alone is told here where to go on."):
            user = self._send("GET", "/", 200).seen.link("user")
        with self._taking("Ask for the user", "The refusal says where a token is to be had, and by which grants."):
            challenges = self._send("GET", user, 401).headers.get_all("WWW-Authenticate", [])
            self._must(len(challenges) == 2 and "password" in challenges[0], "the two challenges are not there")
            tokens = challenges[0].partition('href="')[2].partition('"')[0]
        self._sign_in(self._lene, LENE, tokens)
        with self._taking("Ask for the user again", "With a token: this is where the user's applications are."):
            return tokens, self._send("GET", user, 200).seen.link("applications")

    def _sign_in(self, client: Client, user: DemoUser, tokens: str) -> None:
        """From here on `client` is asking."""
        self._client = client
        with self._taking(f"Get a token for {user.name}", "The password grant. Tokens are cut short on this screen."):
            grant = {"grant_type": "password", "username": user.address, "password": user.password}
            client.token = self._send("POST", tokens, 200, form=grant).seen.text("access_token")

    def _open(self, applications: str) -> Seen:
        with self._taking("Open an application", "One program of one user: all that it may see hangs below."):
            values: Values = {"culture": "en-US", "endpointId": f"demo {self._form.name}", "userAgent": "openucwa demo"}
            return self._send("POST", applications, 201, values).seen

    def _schedule(self, application: Seen) -> Seen:
        meetings = application.inner("onlineMeetings").link("myOnlineMeetings")
        with self._taking("Schedule a meeting", "Everything may be left out; this one has a subject and a guest."):
            values: Values = {"subject": "Budget", "attendees": [DANA.uri], "accessLevel": "Invited"}
            meeting = self._send("POST", meetings, 201, values).seen
            self._must_show(meeting, values)
            return meeting

    def _attach(self, extensions: str) -> None:
        with self._taking(
            "Attach data for all participants",
            "The properties are the application's own: text, numbers, a boolean, a date, a list.",
        ):
            answer = self._send("POST", extensions, 201, AGENDA)
            self._must_show(answer.seen, AGENDA)
            self._must(answer.headers["ETag"] == _quoted(answer.seen), "the ETag header is not the etag")
            self._must(answer.headers["Location"] == answer.seen.link("self"), "Location is not where it is")
        with self._taking("Attach data for the organizer alone", "Without an id: the server makes one."):
            self._must_show(self._send("POST", extensions, 201, NOTES).seen, NOTES)

    def _read(self, extensions: str) -> tuple[Seen, Seen]:
        with self._taking("Read the set", "Both are there, and no value has changed on the way."):
            shown = self._send("GET", extensions, 200).seen.embedded.get("onlineMeetingExtension", [])
            self._must(len(shown) == 2, f"there are {len(shown)} extensions, not 2")
            agenda, notes = shown
            self._must_show(agenda, AGENDA)
            self._must_show(notes, NOTES)
        with self._taking("Ask whether one has changed", "It has not, so it is not sent again."):
            self._send("GET", agenda.link("self"), 304, headers={"If-None-Match": _quoted(agenda)})
        return agenda, notes

    def _replace(self, agenda: Seen) -> None:
        href, read = agenda.link("self"), {"If-Match": _quoted(agenda)}
        with self._taking(
            "Replace an extension",
            "It goes back as it was read, but changed. If-Match, and the property named by a GUID, show that it was.",
        ):
            changed = {name: value for name, value in agenda.properties.items() if name != "seats"}
            changed["topic"] = "Budget of the coming two years"
            replaced = self._send("PUT", href, 200, changed, headers=read).seen
            self._must_show(replaced, {name: value for name, value in changed.items() if name != "etag"})
            self._must("seats" not in replaced.properties, "the property that was left out is still there")
            self._must(replaced.text("etag") != agenda.text("etag"), "the etag is the old one")
        with self._taking(
            "Replace it from another place", "Who read before the first one wrote must not undo that unawares."
        ):
            late = {**agenda.properties, "topic": "Budget of this year"}
            self._refused(self._send("PUT", href, 412, late, headers=read))

    def _pry(self, application: Seen, meeting: Seen) -> None:
        meetings = application.inner("onlineMeetings").link("myOnlineMeetings")
        with self._taking("Look at somebody else's meeting", "To all but its organizer it is as if it never was."):
            self._refused(self._send("GET", f"{meetings}/{quote(meeting.text('onlineMeetingId'))}", 404))

    def _join(self, application: Seen, meeting: Seen) -> None:
        with self._taking("Join it", "The way in for those who were told of the meeting."):
            values: Values = {"onlineMeetingUri": meeting.text("onlineMeetingUri"), "operationId": "1"}
            href = application.inner("communication").link("joinOnlineMeeting")
            invitation = self._send("POST", href, 201, values).headers.get("Location", "")
        with self._taking("Look how that went", "Dana is invited, and in at once. The event channel tells it, too."):
            conversation = self._send("GET", invitation, 200).seen.link("conversation")
        with self._taking("Look at the conversation", "What all who joined have in common."):
            joined = self._send("GET", conversation, 200).seen.link("onlineMeeting")
        with self._taking("Read what participants see", "The data for all is there, and the organizer's is not."):
            shown = self._send("GET", joined, 200).seen.embedded.get("onlineMeetingExtension", [])
            self._must([each.text("id") for each in shown] == [AGENDA["id"]], f"{len(shown)} extensions are shown")
        with self._taking("Leave", "The conversation ends for the one who leaves."):
            self._send("DELETE", conversation, 204)

    def _remove(self, notes: Seen) -> None:
        with self._taking("Remove an extension", "Back to Lene, who needs hers no more."):
            self._send("DELETE", notes.link("self"), 204)
        with self._taking("Look for it", "It is gone, and the refusal says so in words."):
            self._refused(self._send("GET", notes.link("self"), 404))

    @contextmanager
    def _taking(self, title: str, purpose: str) -> Iterator[None]:
        """One step. Stopped: the server is being stopped."""
        self.step += 1
        self.title = title
        self._screen.say()
        self._screen.say(f"{self.step}. {title} ({self._form.name})", bold=True)
        self._screen.say(f"  {purpose}")
        try:
            yield
        except WentWrong:
            if self._stopped():
                raise Stopped from None
            raise
        self._screen.say("  as it should be", fg="green")
        if self._stopped():
            raise Stopped

    def _send(
        self,
        method: str,
        href: str,
        status: int,
        values: Values | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, with `values` in the form of this walk, or with a URL-encoded `form`, as its body.

        WentWrong: there is no answer, or its status is not `status`.
        """
        accept, body, content_type = self._form, "", self._form.media_type
        if values is not None:
            body = self._form.write(values)
        if form is not None:
            accept, body, content_type = Json(), urlencode(form), "application/x-www-form-urlencoded"
        answer = self._client.send(method, href, accept, headers or {}, body, content_type)
        self._must(answer.status == status, f"the answer is {answer.status}, not {status}")
        return answer

    def _refused(self, answer: Answer) -> None:
        self._screen.say(f"  The server says: {answer.seen.text('message')}")

    def _must_show(self, seen: Seen, values: Values) -> None:
        for name, value in values.items():
            self._must(seen.properties.get(name) == value, f"{name} is {seen.properties.get(name)!r}, not {value!r}")

    @staticmethod
    def _must(fact: bool, otherwise: str) -> None:
        if not fact:
            raise WentWrong(otherwise)


def _quoted(seen: Seen) -> str:
    """The etag as it stands in a header."""
    return f'"{seen.text("etag")}"'
