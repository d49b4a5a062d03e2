"""Adding, changing and testing webhooks: what resources and commands have in common."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from openucwa.config import Config
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.webhook import ALL, Delivery, Secret, Webhook, WebhookPosition, WebhookState
from openucwa.model.world import World, new_etag, new_uuid
from openucwa.representation.parameters import Parameter
from openucwa.store.contract import Match, Store
from openucwa.webhooks.filters import Filters
from openucwa.webhooks.messages import TYPES, Messages
from openucwa.webhooks.networks import ForbiddenAddress, Networks
from openucwa.webhooks.signing import PREFIX, new_secret

#: The lengths of a secret's bytes that Standard Webhooks allows.
_SECRET_LENGTHS = range(24, 65)
#: Secrets that sign at a time: the new one, and the one before it.
_MAX_SECRETS = 2
#: Webhooks of the administrator.
_MAX_FOR_ALL = 100

PARAMETERS = (
    Parameter("description", max_length=256, description="For people."),
    Parameter("filter", description="What a change must have, in the language of queries; default: everything."),
    Parameter(
        "kinds", many=True, choices=TYPES, max_items=len(TYPES), description="Types of messages; default: all of them."
    ),
    Parameter(
        "state",
        choices=(WebhookState.ACTIVE, WebhookState.PAUSED),
        description="Active, by default, or Paused. Active also continues what was suspended.",
    ),
    Parameter("url", required=True, max_length=2_000, description="The receiver's URL, https."),
)
SECRET = Parameter(
    "secret",
    max_length=128,
    secret=True,
    description="A secret of the receiver's own: whsec_ and base64 of 24 to 64 bytes.",
)


class Subscriptions:
    """The rules for webhooks. Owners are URIs in lower case, or ALL."""

    def __init__(
        self, store: Store, filters: Filters, messages: Messages, networks: Networks, world: World, config: Config
    ) -> None:
        self._webhooks = store.webhooks
        self._log = store.change_log
        self._filters = filters
        self._messages = messages
        self._networks = networks
        self._world = world
        self._limit = config.max_webhooks
        self._overlap = 1000 * config.webhook_secret_overlap
        self._max_pending = config.max_webhook_backlog + _MAX_FOR_ALL

    async def add(self, owner: str, values: Mapping[str, Any]) -> Webhook:
        """A new webhook, for changes from now on. `values`: those of PARAMETERS and SECRET.

        ParameterValidationFailure, LimitExceeded, ResourceNotFound: no such user.
        """
        now = self._world.now()
        secret = values.get("secret")
        webhook = Webhook(
            owner=owner,
            id=new_uuid(self._world),
            url="",
            description="",
            kinds=(),
            filter="",
            secrets=(Secret(new_secret(self._world) if secret is None else _checked_secret(secret)),),
            state=WebhookState.ACTIVE,
            reason="",
            etag="",
            created=now,
            changed=now,
        )
        webhook = self._changed(webhook, values)
        position = WebhookPosition(await self._log.identity(), *await self._log.last())
        await self._webhooks.add(webhook, position, _MAX_FOR_ALL if owner == ALL else self._limit)
        return webhook

    async def replace(self, webhook: Webhook, values: Mapping[str, Any], match: Match) -> Webhook:
        """The webhook with other `values`. ParameterValidationFailure, PreconditionFailed, ResourceNotFound."""
        changed = self._changed(webhook, values)
        await self._webhooks.replace(changed, match)
        return changed

    async def rotate(self, webhook: Webhook, values: Mapping[str, Any], match: Match) -> Webhook:
        """The webhook with a new secret; for `webhook_secret_overlap` messages are signed with the old one too.

        `values`: that of SECRET. ParameterValidationFailure, PreconditionFailed, ResourceNotFound.
        """
        now = self._world.now()
        secret = values.get("secret")
        new = Secret(new_secret(self._world) if secret is None else _checked_secret(secret))
        old = replace(webhook.secrets[0], until=now + self._overlap)
        secrets = (new, old)[:_MAX_SECRETS]
        changed = replace(webhook, secrets=secrets, etag=new_etag(self._world), changed=now)
        await self._webhooks.replace(changed, match)
        return changed

    async def test(self, webhook: Webhook) -> Delivery:
        """A test message, which is delivered next. LimitExceeded: too many are pending."""
        message = self._messages.test(webhook)
        await self._webhooks.append(message, self._max_pending)
        return message

    def _changed(self, webhook: Webhook, values: Mapping[str, Any]) -> Webhook:
        self._check_url(values["url"])
        text = values.get("filter", "").strip()
        if text:
            self._filters.read(text)
        return replace(
            webhook,
            url=values["url"],
            description=values.get("description", ""),
            kinds=tuple(dict.fromkeys(values.get("kinds", ()))),
            filter=text,
            state=WebhookState(values.get("state", WebhookState.ACTIVE)),
            reason="",
            etag=new_etag(self._world),
            changed=self._world.now(),
        )

    def _check_url(self, text: str) -> None:
        """ParameterValidationFailure: it is no URL of a receiver. Its name is resolved only when it is delivered to."""
        try:
            url = urlsplit(text)
            port_is_valid = url.port != 0
        except ValueError:
            raise ParameterValidationFailure({"url": "is not a URL"}) from None
        if not (text.isascii() and text.isprintable()) or " " in text or not url.hostname or not port_is_valid:
            raise ParameterValidationFailure({"url": "is not a URL"})
        if url.username is not None or url.password is not None or "#" in text:
            raise ParameterValidationFailure({"url": "must contain neither a user nor a fragment"})
        if url.scheme != "https" and not (url.scheme == "http" and self._networks.any_private):
            raise ParameterValidationFailure({"url": "must begin with https://"})
        try:
            self._networks.check(url.hostname, secure=url.scheme == "https")
        except ForbiddenAddress as forbidden:
            raise ParameterValidationFailure({"url": str(forbidden)}) from None
        except ValueError:
            return  # a name


def _checked_secret(text: str) -> str:
    try:
        decoded = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not text.startswith(PREFIX) or len(decoded) not in _SECRET_LENGTHS:
        raise ParameterValidationFailure({"secret": "must be whsec_ and the base64 of 24 to 64 bytes"})
    return text
