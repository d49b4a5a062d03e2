"""openucwa user sessions and openucwa user meetings: what a user has open, and has scheduled."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from openucwa.cli.common import Failure, existing, in_store, json_option, listing, os_user, places
from openucwa.cli.users import require_user, sip
from openucwa.model.world import RealWorld
from openucwa.store.contract import Store
from openucwa.telemetry import audit

#: Why an application was removed.
_ENDED = "ended by an administrator"


@click.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option("--end", "ids", metavar="ID", multiple=True, help="End this application; repeatable.")
@click.option("--end-all", is_flag=True, help="End all applications of the user.")
@json_option
@places
def sessions(
    sip_uri: str, ids: tuple[str, ...], end_all: bool, as_json: bool, file: Path | None, **flags: object
) -> None:
    """List or end the applications that a user has open. An ended one leaves its meetings at once.

    Its token stays valid, so that a client can open a new application: `openucwa user sign-out` invalidates tokens.

    \b
    Examples:
      openucwa user sessions sip:lenea@contoso.com
      openucwa user sessions sip:lenea@contoso.com --end 5123456789
    """
    if ids and end_all:
        raise Failure("--end and --end-all exclude each other")
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    found = [session.application for session in in_store(config, lambda store: store.applications.all(uri))]
    if unknown := set(ids) - {application.id for application in found}:
        raise Failure(f"{uri} has no application {', '.join(sorted(unknown))}")
    if not ids and not end_all:
        listing(
            ("application", "opened", "user agent", "endpoint", "available"),
            [(each.id, moment(each.created), each.user_agent, each.endpoint_id, each.available) for each in found],
            as_json=as_json,
        )
        return
    wanted = [each.id for each in found if end_all or each.id in ids]

    async def end(store: Store) -> None:
        for application_id in wanted:
            await store.applications.close(uri, application_id, RealWorld().now(), _ENDED)
            audit.log(audit.SignedOut(os_user(), None, application_id))

    in_store(config, end)
    for application_id in wanted:
        click.echo(f"ended application {application_id}")


@click.command()
@click.argument("sip_uri", metavar="SIP-URI")
@json_option
@places
def meetings(sip_uri: str, as_json: bool, file: Path | None, **flags: object) -> None:
    """List the meetings of a user, oldest first, with the number of their extensions.

    \b
    Examples:
      openucwa user meetings sip:lenea@contoso.com
      openucwa user meetings sip:lenea@contoso.com --json | jq -r '.[].meeting'
    """
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    rows: Sequence[tuple[object, ...]] = [
        (
            meeting.id,
            moment(meeting.created),
            None if meeting.settings.expiration_time is None else moment(meeting.settings.expiration_time),
            len(extensions),
            meeting.settings.subject,
        )
        for meeting, extensions in in_store(config, lambda store: store.meetings.all(uri))
    ]
    listing(("meeting", "created", "expires", "extensions", "subject"), rows, as_json=as_json)


def moment(ms: int) -> str:
    """A time for people and programs: ISO 8601, in UTC. `ms`: since 1970."""
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat()
