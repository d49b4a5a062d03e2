"""The demo's meeting: who joins, what the organizer changes, and which events each participant gets.

How they got their tokens and applications is in `walk.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from textwrap import wrap

from openucwa.client import Event, Resource
from openucwa.demo.client import Client, Values
from openucwa.demo.steps import Steps

#: Width of a participant's column. Three columns with separators fit into 100.
WIDTH = 30

IN_LOBBY = "participant added in lobby"


@dataclass(slots=True)
class Present:
    """Someone with an application. `part`: their role in the meeting; `next`: href of the next poll.

    `received`: events in short, by moment.
    """

    name: str
    part: str
    client: Client
    application: Resource
    next: str = ""
    conversation: str = ""
    received: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.next = self.application.link("events")


class JoinedMeeting:
    """A meeting with its organizer, a user who is invited, and a guest who is not.

    `agenda` and `notes` are its extensions, for all participants and for the organizer alone, as last read.
    """

    def __init__(self, steps: Steps, meeting: Resource, agenda: Resource, notes: Resource) -> None:
        self._steps = steps
        self._meeting = meeting
        self._agenda = agenda
        self._notes = notes
        self._moments: list[str] = []

    def join_as_user(self, user: Present) -> None:
        """An invited user joins and sees what participants may see."""
        steps = self._steps
        with steps.taking("Join the meeting", "Anyone who has the meeting's URI can ask to join."):
            invitation = self._join(user)
        with steps.taking(
            "Read the invitation", "Dana is invited, so she is admitted at once. Her event channel reports it too."
        ):
            user.conversation = steps.send(user.client, "GET", invitation, 200).seen.link("conversation")
        with steps.taking("Read the conversation", "It links to what the participants share."):
            joined = steps.send(user.client, "GET", user.conversation, 200).seen.link("onlineMeeting")
        with steps.taking(
            "Read what participants see", "The data for all participants is there, the organizer's is not."
        ):
            shown = steps.send(user.client, "GET", joined, 200).seen.embedded.get("onlineMeetingExtension", [])
            ids = [each.text("id") for each in shown]
            steps.must(ids == [self._agenda.text("id")], f"{len(shown)} extensions are shown")

    def join_as_organizer(self, organizer: Present) -> None:
        """The organizer joins."""
        with self._steps.taking("The organizer joins", "Lene joins in the same way, as a leader."):
            self._read_conversation(organizer, self._join(organizer), "Connected")

    def join_as_guest(self, guest: Present) -> None:
        """Someone without an account waits in the lobby."""
        with self._steps.taking(
            "Join as a guest", f"{guest.name} is not invited, so the accessLevel keeps him in the lobby."
        ):
            invitation = self._join(guest, {"anonymousDisplayName": guest.name})
            self._read_conversation(guest, invitation, "Connecting")

    def meet(self, organizer: Present, user: Present, guest: Present) -> None:
        """All three have joined; `guest` is in the lobby. Both extensions change; everyone gets their events."""
        self._admit(organizer, user, guest)
        self._change_both(organizer, user, guest)
        self._part(organizer, user, guest)

    def _admit(self, organizer: Present, user: Present, guest: Present) -> None:
        steps = self._steps
        with steps.taking(
            "Poll the event channels", "Only the organizer gets an event about the lobby, with a link to admit."
        ):
            waiting = self._poll(f"{guest.name} is in the lobby", organizer, user, guest)[0]
            self._must_get(organizer, "onlineMeeting added: agenda, notes")
            self._must_get(user, "onlineMeeting added: agenda")
            steps.must(IN_LOBBY not in " ".join(user.received[-1]), f"{user.name} gets an event about the lobby")
            of_the_meeting = [
                each for each in guest.received[-1] if each.startswith(("onlineMeeting ", "participant "))
            ]
            steps.must(not of_the_meeting, f"the lobby gets events of the meeting: {', '.join(of_the_meeting)}")
            admit = [about(event).link("admit") for event in waiting if event.within == "lobby"]
            steps.must(len(admit) == 1, "the organizer gets no event about the lobby")
        with steps.taking("Admit the guest", "The organizer follows the link; everyone gets an event."):
            steps.send(organizer.client, "POST", admit[0], 204)
            self._poll(f"{guest.name} has been admitted", organizer, user, guest)
            for other in (organizer, user):
                self._must_get(other, f"participant added: {guest.name}")
            self._must_get(guest, "onlineMeeting added: agenda")

    def _change_both(self, organizer: Present, user: Present, guest: Present) -> None:
        steps = self._steps
        with steps.taking("Change the participants' data", "Everyone gets an event, with the data that they may see."):
            topic: Values = {"topic": "Budget of the coming three years"}
            self._agenda = self._change(organizer, self._agenda, topic)
            polled = self._poll("the participants' data has changed", organizer, user, guest)
            self._must_get_all(organizer, "onlineMeeting updated: agenda, notes")
            self._must_get_all(user, "onlineMeeting updated: agenda")
            self._must_get_all(guest, "onlineMeeting updated: agenda")
            for (event,) in polled:
                steps.must_show(about(event).inner("onlineMeetingExtension"), topic)
        with steps.taking("Change the organizer's data", "The organizer gets an event."):
            remark: Values = {"remark": "The room is booked"}
            self._notes = self._change(organizer, self._notes, remark)
            polled = self._poll("the organizer's data has changed", organizer)
            self._must_get_all(organizer, "onlineMeeting updated: agenda, notes")
            for (event,) in polled:
                steps.must_show(about(event).embedded["onlineMeetingExtension"][1], remark)

    def _part(self, organizer: Present, user: Present, guest: Present) -> None:
        steps = self._steps
        with steps.taking("The organizer leaves", "The next event that the others get: they got none about the notes."):
            steps.send(organizer.client, "DELETE", organizer.conversation, 204)
            self._poll("the organizer has left", user, guest)
            left = [f"participant deleted{within}: {organizer.name}" for within in (" in leaders", "")]
            self._must_get_all(user, *left)
            self._must_get_all(guest, *left)
        with steps.taking(
            "Compare the event channels",
            "The events of each, side by side. The notes, whose id the server assigned, are called notes here.",
        ):
            for line in table((organizer, user, guest), self._moments):
                steps.screen.detail(f"  {line}")
            for other in (user, guest):
                polled = " ".join(event for moment in other.received for event in moment)
                steps.must("notes" not in polled, f"{other.name} gets an event about the organizer's data")
        with steps.taking("Leave the meeting", "The conversation ends for those who leave."):
            for other in (user, guest):
                steps.send(other.client, "DELETE", other.conversation, 204)

    def _join(self, present: Present, more: Values | None = None) -> str:
        """Joins; returns the invitation's href."""
        values = {"onlineMeetingUri": self._meeting.text("onlineMeetingUri"), "operationId": "1", **(more or {})}
        href = present.application.inner("communication").link("joinOnlineMeeting")
        return self._steps.send(present.client, "POST", href, 201, values).response.header("location") or ""

    def _read_conversation(self, present: Present, invitation: str, state: str) -> None:
        seen = self._steps.send(present.client, "GET", invitation, 200).seen
        self._steps.must_show(seen, {"state": state})
        present.conversation = seen.link("conversation")

    def _change(self, organizer: Present, extension: Resource, values: Values) -> Resource:
        """Returns the changed extension."""
        headers = {"If-Match": quoted_etag(extension)}
        changed = {**extension.properties, **values}
        return self._steps.send(organizer.client, "PUT", extension.link("self"), 200, changed, headers=headers).seen

    def _poll(self, moment: str, *those: Present) -> list[list[Event]]:
        """Polls the event channels of `those`, records the events and returns them."""
        found = []
        for present in those:
            answer = self._steps.send(present.client, "GET", present.next, 200, limit=0)
            present.next = answer.next
            present.received += [[] for _ in range(len(self._moments) - len(present.received))]
            present.received.append([self._short(event) for event in answer.events])
            found.append(answer.events)
        self._moments.append(moment)
        return found

    def _must_get(self, present: Present, event: str) -> None:
        self._steps.must(event in present.received[-1], f"{present.name} does not get {event!r}")

    def _must_get_all(self, present: Present, *events: str) -> None:
        received = present.received[-1]
        self._steps.must(received == list(events), f"{present.name} gets {received}, not {list(events)}")

    def _short(self, event: Event) -> str:
        """An event in a few words: `participant added in lobby: Joe`, `onlineMeeting updated: agenda, notes`."""
        within = f" in {event.within}" if event.within not in {None, "conversation"} else ""
        ids = [each.text("id") for each in about(event).embedded.get("onlineMeetingExtension", [])]
        notes = self._notes.text("id")
        names = ", ".join("notes" if each == notes else each for each in ids)
        more = names or event.status or event.title
        return f"{event.rel} {event.type}{within}" + (f": {more}" if more else "")


def about(event: Event) -> Resource:
    """The resource that an event is about, empty if it was not sent along."""
    return event.resource or Resource()


def quoted_etag(resource: Resource) -> str:
    """The etag as it stands in a header."""
    return f'"{resource.etag}"'


def table(all_present: Sequence[Present], moments: Sequence[str]) -> list[str]:
    """The events of each participant, side by side, by moment; lines of at most 96 characters."""
    rule = "-+-".join("-" * WIDTH for _ in all_present)
    lines = [_row([f"{present.name}, {present.part}" for present in all_present])]
    for number, moment in enumerate(moments):
        lines += [rule, f"When {moment}:"]
        columns = []
        for present in all_present:
            received = present.received[number] if number < len(present.received) else []
            columns.append([line for each in received for line in wrap(each, WIDTH, subsequent_indent="  ")] or ["-"])
        lines += [_row(cells) for cells in zip_longest(*columns, fillvalue="")]
    return lines


def _row(cells: Sequence[str]) -> str:
    return " | ".join(cell.ljust(WIDTH) for cell in cells).rstrip()
