"""Presence of users: what a user has set, what follows from activity, and who subscribes to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openucwa.model.event import NewEvent

#: The availabilities that a user may set (UCWA: PreferredAvailability).
PREFERRED = ("Away", "BeRightBack", "Busy", "DoNotDisturb", "Offwork", "Online")
#: The availabilities that are shown (UCWA: Availability).
OFFLINE = "Offline"
ONLINE = "Online"
AWAY = "Away"

#: Ms without activity until a user counts as idle, and further ms until away, where nothing else is known.
INACTIVE_AFTER = 300_000
AWAY_AFTER = 300_000

#: What may change about a person; the items of `changed` in the facts of PERSON_CHANGED.
PRESENCE = "presence"
NOTE = "note"
LOCATION = "location"
MODALITIES = "modalities"

# To the person's topic
PERSON_CHANGED = "person changed"
RELATIONSHIP_CHANGED = "relationship changed"

# To an application's own topic
SUBSCRIPTION_ADDED = "subscription added"
SUBSCRIPTION_ENDING = "subscription ending"
SUBSCRIPTION_DELETED = "subscription deleted"
SUBSCRIBED_CHANGED = "subscribed contacts changed"

#: What is shown of someone who set one of these, at and away from the device; others do not become idle.
_IDLE = {"Busy": "IdleBusy", ONLINE: "IdleOnline"}
_SHOWN = {"Offwork": AWAY}
_ACTIVITIES = {"Offwork": "off-work"}

_DEVICES = {"browser": "Web", "web": "Web", "phone": "Mobile", "mobile": "Mobile", "tablet": "Mobile", "desktop": "PC"}
UNKNOWN_DEVICE = "Unknown"


@dataclass(frozen=True, slots=True)
class Presence:
    """A user's presence, over all applications, as it was last made known (UCWA: presence, note, location).

    `preferred`: the availability that the user set; None: it follows from activity. `availability`: the one shown.
    `device`: UCWA's ContactDeviceType. `modalities`: those that the user can be reached by. `last_active`: ms since
    1970; None: never. `due`: when `availability` changes if nothing happens, in ms since 1970; None: not at all.
    """

    owner: str
    preferred: str | None = None
    note: str = ""
    location: str = ""
    availability: str = OFFLINE
    device: str = UNKNOWN_DEVICE
    modalities: tuple[str, ...] = ()
    last_active: int | None = None
    due: int | None = None

    @property
    def activity(self) -> str:
        """UCWA: presence, activity."""
        if self.availability == OFFLINE or self.preferred is None:
            return self.availability
        return _ACTIVITIES.get(self.preferred, self.availability)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An application that called makeMeAvailable, as a source of its user's presence.

    `inactive`, `away`: ms without activity until the user counts as idle, and further ms until away. `active_at`: ms
    since 1970. `since`: the number of the last event of the user's topic when it became available; later ones concern
    the application.
    """

    owner: str
    application_id: str
    inactive: int
    away: int
    active_at: int
    since: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """UCWA: presenceSubscription. `of_group`: its members are those of a group. `expires`: ms since 1970. `announced`:
    whether the application was notified that it is about to expire.
    """

    owner: str
    application_id: str
    id: str
    of_group: bool
    expires: int
    announced: bool = False


class Membership(NamedTuple):
    """UCWA: presenceSubscriptionMembership. `subscription`: its id; `uri`: that of the contact."""

    subscription: str
    uri: str


class SubscriptionLimits(NamedTuple):
    """Limits of an application's subscriptions: their number, URIs in each, and contacts in all of them."""

    subscriptions: int
    uris: int
    contacts: int


class Derived(NamedTuple):
    """An availability, and when it changes if nothing happens (ms since 1970)."""

    availability: str
    due: int | None


def derive(preferred: str | None, endpoints: Sequence[Endpoint], now: int) -> Derived:
    """The presence of a user as shown at `now`.

    Without an endpoint Offline. Otherwise what the user set; Busy and Online have an idle form. If the user set
    nothing, Online, then IdleOnline, then Away, by the most active endpoint.
    """
    if not endpoints:
        return Derived(OFFLINE, None)
    if preferred is not None and preferred not in _IDLE:
        return Derived(_SHOWN.get(preferred, preferred), None)
    active_until = max(each.active_at + each.inactive for each in endpoints)
    if now < active_until:
        return Derived(preferred or ONLINE, active_until)
    if preferred is not None:
        return Derived(_IDLE[preferred], None)
    idle_until = max(each.active_at + each.inactive + each.away for each in endpoints)
    if now < idle_until:
        return Derived(_IDLE[ONLINE], idle_until)
    return Derived(AWAY, None)


def device_of(application_type: str | None) -> str:
    """The ContactDeviceType of an application, by its `type`."""
    return _DEVICES.get((application_type or "").lower(), UNKNOWN_DEVICE)


def person_topic(uri: str) -> str:
    """The topic of a user's presence, note and location."""
    return f"people/{uri}"


def is_person_topic(topic: str) -> bool:
    """Whether it is one of `person_topic`."""
    return topic.startswith("people/")


def person_changed(uri: str, changed: Sequence[str]) -> NewEvent:
    """The notification of all who see the person. The facts say what has changed, never what it is now: who may see
    that is decided when the event is read.
    """
    return NewEvent(person_topic(uri), PERSON_CHANGED, {"changed": list(changed)})


def relationship_changed(uri: str, viewer: str) -> NewEvent:
    """The notification that `viewer` may see more or less of the person than before."""
    return NewEvent(person_topic(uri), RELATIONSHIP_CHANGED, {"viewer": viewer})
