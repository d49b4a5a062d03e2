"""openucwa webhook: list, add, change, test and remove webhooks, also those for the changes of all users."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from openucwa.cli.common import Failure, existing, in_store, json_option, listing, os_user, places
from openucwa.cli.users import sip
from openucwa.config import Config
from openucwa.model.refusals import ParameterValidationFailure, ResourceNotFound
from openucwa.model.webhook import ALL, Webhook, WebhookState
from openucwa.model.world import RealWorld
from openucwa.store.contract import Store
from openucwa.telemetry import audit
from openucwa.webhooks.following import subscriptions
from openucwa.webhooks.messages import TYPES
from openucwa.webhooks.subscriptions import Subscriptions

T = TypeVar("T")

#: Deliveries that are listed.
_LISTED = 50

_ID = click.argument("webhook_id", metavar="WEBHOOK")


@click.group()
def webhook() -> None:
    """Manage webhooks: receivers that changes of meetings are delivered to. Safe to use while servers are running.

    Servers notice within a few seconds. A secret is printed only once, when it is created.

    \b
    Examples:
      openucwa webhook add https://crm.contoso.com/hook --all --kind meeting.added
      openucwa webhook list
      openucwa webhook deliveries 5b0e2c1a
    """


@webhook.command()
@click.argument("url", metavar="URL")
@click.option("--all", "everybody", is_flag=True, help="Deliver the changes of all users, with all their data.")
@click.option("--user", "sip_uri", metavar="SIP-URI", help="Deliver the changes that this user may see.")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice(TYPES), help="Deliver only this kind of message; repeatable."
)
@click.option(
    "--filter", "condition", metavar="FILTER", default="", help="Deliver only changes that match this filter."
)
@click.option("--description", metavar="TEXT", default="", help="Description, shown in lists.")
@places
def add(
    url: str,
    everybody: bool,
    sip_uri: str | None,
    kinds: tuple[str, ...],
    condition: str,
    description: str,
    file: Path | None,
    **flags: object,
) -> None:
    """Add a webhook for changes from now on, and print its id and its secret.

    \b
    Examples:
      openucwa webhook add https://crm.contoso.com/hook --all
      openucwa webhook add https://crm.contoso.com/hook --user sip:lenea@contoso.com --kind extension.added
    """
    if everybody == (sip_uri is not None):
        raise Failure("exactly one of --all and --user is required")
    owner = ALL if sip_uri is None else sip(sip_uri)
    values = {"url": url, "kinds": kinds, "filter": condition, "description": description}
    config = existing(file, flags)

    async def work(_store: Store, rules: Subscriptions) -> Webhook:
        found = await rules.add(owner, values)
        audit.log(audit.WebhookAdded(os_user(), _owner(found), found.id, found.host))
        return found

    added = _with_rules(config, work)
    click.echo(f"added webhook {added.id}")
    click.echo(f"secret {added.secrets[0].value}")


@webhook.command("list")
@json_option
@places
def list_webhooks(as_json: bool, file: Path | None, **flags: object) -> None:
    """List all webhooks."""
    found = in_store(existing(file, flags), lambda store: store.webhooks.everybodys())
    rows = [(each.id, _owner(each), each.state.lower(), each.url, each.description) for each in found]
    listing(("webhook", "of", "state", "url", "description"), rows, as_json=as_json)


@webhook.command()
@_ID
@places
def remove(webhook_id: str, file: Path | None, **flags: object) -> None:
    """Remove a webhook and its deliveries."""

    async def work(store: Store, _rules: Subscriptions) -> Webhook:
        found = await _find(store, webhook_id)
        await store.webhooks.remove(found.owner, found.id, None)
        audit.log(audit.WebhookRemoved(os_user(), _owner(found), found.id))
        return found

    click.echo(f"removed webhook {_with_rules(existing(file, flags), work).id}")


@webhook.command()
@_ID
@places
def pause(webhook_id: str, file: Path | None, **flags: object) -> None:
    """Pause a webhook; `resume` continues where it stopped."""
    _set_state(webhook_id, WebhookState.PAUSED, file, flags)


@webhook.command()
@_ID
@places
def resume(webhook_id: str, file: Path | None, **flags: object) -> None:
    """Resume deliveries to a webhook that was paused, or whose receiver failed or was gone."""
    _set_state(webhook_id, WebhookState.ACTIVE, file, flags)


@webhook.command()
@_ID
@places
def rotate(webhook_id: str, file: Path | None, **flags: object) -> None:
    """Give a webhook a new secret and print it; the old one stays valid for `webhook_secret_overlap`."""

    async def work(store: Store, rules: Subscriptions) -> Webhook:
        found = await rules.rotate(await _find(store, webhook_id), {}, None)
        audit.log(audit.WebhookSecretReplaced(os_user(), _owner(found), found.id))
        return found

    click.echo(f"secret {_with_rules(existing(file, flags), work).secrets[0].value}")


@webhook.command()
@_ID
@places
def test(webhook_id: str, file: Path | None, **flags: object) -> None:
    """Deliver a test message; a running server sends it within seconds."""

    async def work(store: Store, rules: Subscriptions) -> str:
        return (await rules.test(await _find(store, webhook_id))).id

    click.echo(f"added message {_with_rules(existing(file, flags), work)}")


@webhook.command()
@_ID
@click.argument("message", metavar="MESSAGE")
@places
def redeliver(webhook_id: str, message: str, file: Path | None, **flags: object) -> None:
    """Deliver a message again, with the same id."""

    async def work(store: Store, _rules: Subscriptions) -> None:
        found = await _find(store, webhook_id)
        await store.webhooks.redeliver(found.id, message, RealWorld().now())

    _with_rules(existing(file, flags), work)


@webhook.command()
@_ID
@json_option
@places
def deliveries(webhook_id: str, as_json: bool, file: Path | None, **flags: object) -> None:
    """List the latest deliveries of a webhook, newest first, with the result of the last attempt."""

    async def work(store: Store, _rules: Subscriptions) -> list[tuple[object, ...]]:
        found = await _find(store, webhook_id)
        return [
            (
                each.id,
                datetime.fromtimestamp(each.at // 1000, UTC).isoformat(),
                each.type,
                each.state.lower(),
                each.tried,
                str(each.attempts[-1].status or each.attempts[-1].error) if each.attempts else None,
            )
            for each in await store.webhooks.deliveries(found.id, None, _LISTED)
        ]

    rows = _with_rules(existing(file, flags), work)
    listing(("message", "changed", "type", "state", "attempts", "last result"), rows, as_json=as_json)


def _owner(webhook: Webhook) -> str:
    return webhook.owner or "all users"


def _set_state(webhook_id: str, state: WebhookState, file: Path | None, flags: dict[str, object]) -> None:
    async def work(store: Store, rules: Subscriptions) -> None:
        found = await _find(store, webhook_id)
        values = {name: getattr(found, name) for name in ("url", "description", "kinds", "filter")}
        await rules.replace(found, {**values, "state": state}, None)
        audit.log(audit.WebhookChanged(os_user(), _owner(found), found.id, found.host, str(state)))

    _with_rules(existing(file, flags), work)


def _with_rules(config: Config, work: Callable[[Store, Subscriptions], Awaitable[T]]) -> T:
    """The result of `work`. Failure: what is wrong with its input, too."""
    if not config.change_log:
        raise Failure("there are no webhooks without the setting change_log")

    async def run(store: Store) -> T:
        try:
            return await work(store, subscriptions(store, RealWorld(), config))
        except ParameterValidationFailure as invalid:
            raise Failure("; ".join(f"{name} {fault}" for name, fault in invalid.parameters.items())) from None

    return in_store(config, run)


async def _find(store: Store, webhook_id: str) -> Webhook:
    """The webhook whose id begins so. ResourceNotFound: none, or several."""
    found = [each for each in await store.webhooks.everybodys() if each.id.startswith(webhook_id)]
    if len(found) != 1:
        raise ResourceNotFound(f"{len(found) or 'no'} webhooks have an id that begins with {webhook_id}")
    return found[0]
