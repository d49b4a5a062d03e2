"""Webhooks: subscriptions to changes of meetings and extensions, and the deliveries to their receivers."""

import enum
from dataclasses import dataclass
from urllib.parse import urlsplit

from openucwa.model.change import Position

#: The owner of the administrator's webhooks, which get the changes of all users.
ALL = ""


class WebhookState(enum.StrEnum):
    """Whether changes are delivered."""

    ACTIVE = "Active"
    #: The owner stopped it; it continues where it was.
    PAUSED = "Paused"
    #: The receiver answered 410.
    GONE = "Gone"
    #: Nothing could be delivered for the whole retry period. It continues where it was once it is set to Active.
    FAILING = "Failing"


class DeliveryState(enum.StrEnum):
    """The state of a delivery."""

    PENDING = "Pending"
    DELIVERED = "Delivered"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that messages are signed with. `until`: ms since 1970 from which it is not used; None: for good."""

    value: str
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription.

    `owner`: URI in lower case, or ALL. `url`: of the receiver. `description`: the owner's. `kinds`: the types of
    messages that it gets; (): all. `filter`: what the changes must have, as text (`webhooks/filters.py`); '': all get
    through. `secrets`: newest first. `state`, `reason`: why it is not active. `created`, `changed`: ms since 1970.
    """

    owner: str
    id: str
    url: str
    description: str
    kinds: tuple[str, ...]
    filter: str
    secrets: tuple[Secret, ...]
    state: WebhookState
    reason: str
    etag: str
    created: int
    changed: int

    @property
    def host(self) -> str:
        """The host of the receiver, without the rest of its URL, which may be a secret."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class WebhookPosition:
    """The position of a webhook in the change log. `log`: the identity of that log. `transaction`, `number`: of the
    last change that was read.
    """

    log: str
    transaction: int
    number: int

    @property
    def position(self) -> Position:
        """The place in the log."""
        return Position(self.transaction, self.number)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver. `at`: ms since 1970. `status`: of the answer; None: there was none, because of `error`.
    `answer`: the beginning of its body. `seconds`: how long it took.
    """

    at: int
    status: int | None
    error: str
    answer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one receiver.

    `webhook`: id of the webhook. `number`: counts the webhook's deliveries, in the order of the changes. `id`: of the
    message, the same in each attempt. `type`: as in the message. `organizer`, `meeting_id`: messages with the same ones
    are delivered one after the other. `at`: of the change, ms since 1970. `next_at`: when the next attempt is due.
    `first_at`: when the first attempt was made; 0: none yet. `attempts`: the latest ones, in order; `tried`: how many
    there were. `body`: as it is sent.
    """

    webhook: str
    number: int
    id: str
    type: str
    organizer: str
    meeting_id: str
    at: int
    state: DeliveryState
    next_at: int
    first_at: int
    tried: int
    attempts: tuple[Attempt, ...]
    body: bytes
