"""openucwa user disable, enable, sign-out and hand-over: what is to be done when somebody leaves."""

from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from openucwa.cli.common import Failure, existing, in_store, json_option, listing, os_user, places
from openucwa.cli.users import require_user, sip
from openucwa.model.meeting import MeetingRel
from openucwa.model.refusals import AlreadyExists, EntityTooLarge, ResourceNotFound, TooManyOnlineMeetings
from openucwa.model.world import RealWorld, new_etag
from openucwa.store.contract import Ending, Store
from openucwa.telemetry import audit

#: Results of a hand-over, of one meeting.
_HANDED_OVER = "handed over"
_WOULD = "would be handed over"
_ALREADY = "was handed over before"
_PERSONAL = "stays: the assigned meeting is personal"
_FINE = frozenset({_HANDED_OVER, _WOULD, _ALREADY, _PERSONAL})


@click.command()
@click.argument("sip_uri", metavar="SIP-URI")
@places
def disable(sip_uri: str, file: Path | None, **flags: object) -> None:
    """Lock a user out, at once and on all servers, without removing anything.

    Tokens become invalid, applications end, and the user cannot sign in, whether by a password, a directory or an
    issuer. Webhooks of the user pause. Meetings stay, and others can still join them.

    \b
    Example:
      openucwa user disable sip:lenea@contoso.com
    """
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)

    async def work(store: Store) -> bool:
        if changed := await store.users.disable(uri, RealWorld().now()):
            audit.log(audit.UserDisabled(os_user(), uri))
        return changed

    changed = in_store(config, work)
    click.echo(f"disabled {uri}" if changed else f"{uri} is disabled already")


@click.command()
@click.argument("sip_uri", metavar="SIP-URI")
@places
def enable(sip_uri: str, file: Path | None, **flags: object) -> None:
    """Let a disabled user sign in again. Earlier tokens of this server stay invalid.

    \b
    Example:
      openucwa user enable sip:lenea@contoso.com
    """
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)

    async def work(store: Store) -> bool:
        if changed := await store.users.enable(uri):
            audit.log(audit.UserEnabled(os_user(), uri))
        return changed

    changed = in_store(config, work)
    click.echo(f"enabled {uri}" if changed else f"{uri} is not disabled")


@click.command("sign-out")
@click.argument("sip_uri", metavar="SIP-URI")
@places
def sign_out(sip_uri: str, file: Path | None, **flags: object) -> None:
    """Sign a user out everywhere: all tokens become invalid, and all applications end.

    The user can sign in again; an issuer's access token is accepted until it expires: `user disable` refuses it.

    \b
    Example:
      openucwa user sign-out sip:lenea@contoso.com
    """
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    ending = Ending(RealWorld().now())
    in_store(config, lambda store: store.users.revoke(uri, ending), audit.TokensRevoked(os_user(), uri))
    click.echo(f"signed {uri} out everywhere")


@click.command("hand-over")
@click.argument("leaver", metavar="LEAVER")
@click.argument("successor", metavar="SUCCESSOR")
@click.option("--meeting", "ids", metavar="ID", multiple=True, help="Hand over this meeting only; repeatable.")
@click.option("--dry-run", is_flag=True, help="Show what would be handed over, and change nothing.")
@json_option
@places
def hand_over(
    leaver: str,
    successor: str,
    ids: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    file: Path | None,
    **flags: object,
) -> None:
    """Make SUCCESSOR the organizer of LEAVER's meetings, with their extensions. Both are SIP URIs.

    Links to the meetings keep working. Conversations in them end, and people can join again at once. Each meeting is
    handed over on its own: after a failure, run the same command again. Exit status 1 if a meeting was refused.

    \b
    Examples:
      openucwa user hand-over sip:lenea@contoso.com sip:danab@contoso.com --dry-run
      openucwa user hand-over sip:lenea@contoso.com sip:danab@contoso.com --meeting ABCD1234
    """
    config = existing(file, flags)
    former, present = sip(leaver), sip(successor)
    require_user(config, former)
    if former == present:
        raise Failure("the successor must be another user")
    if require_user(config, present).disabled:
        raise Failure(f"{present} is disabled")
    limit = config.max_meetings

    async def work(store: Store) -> list[Row]:
        rows = [row async for row in _preview(store, former, present, ids, limit)]
        if not dry_run:
            rows = await _hand_over(store, former, present, rows, limit)
        return rows

    rows = in_store(config, work)
    listing(("meeting", "extensions", "subject", "result"), rows, as_json=as_json)
    if refused := sum(row.result not in _FINE for row in rows):
        raise Failure(f"{refused} of {len(rows)} meetings cannot be handed over")


class Row(NamedTuple):
    """A meeting, and what became of it or would."""

    meeting: str
    extensions: int
    subject: str
    result: str


async def _preview(store: Store, former: str, present: str, ids: Collection[str], limit: int) -> AsyncIterator[Row]:
    """What a hand-over would do."""
    found = {meeting.id: (meeting, extensions) for meeting, extensions in await store.meetings.all(former)}
    room = limit - sum(
        meeting.rel is not MeetingRel.MY_ASSIGNED_ONLINE_MEETING for meeting, _ in await store.meetings.all(present)
    )
    for meeting_id in dict.fromkeys(ids) or found:
        if meeting_id not in found:
            yield await _missing(store, former, present, meeting_id)
            continue
        meeting, extensions = found[meeting_id]
        result = _WOULD
        if meeting.rel is MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
            result = _PERSONAL
        elif room <= 0:
            result = f"refused: the successor has {limit} online meetings, which is the maximum"
        else:
            room -= 1
        yield Row(meeting_id, len(extensions), meeting.settings.subject, result)


async def _missing(store: Store, former: str, present: str, meeting_id: str) -> Row:
    """A meeting that was asked for and that the leaver does not have."""
    try:
        meeting = await store.meetings.find(former, meeting_id)
    except ResourceNotFound:
        raise Failure(f"{former} has no meeting {meeting_id}") from None
    if meeting.organizer != present:
        raise Failure(f"meeting {meeting_id} was handed over to {meeting.organizer}")
    _, extensions = await store.meetings.get_with_extensions(present, meeting_id)
    return Row(meeting_id, len(extensions), meeting.settings.subject, _ALREADY)


async def _hand_over(store: Store, former: str, present: str, rows: Sequence[Row], limit: int) -> list[Row]:
    """Hands over the meetings that would be, one by one; each is in the store when the next one is begun."""
    world, done = RealWorld(), 0
    after: list[Row] = []
    try:
        for row in rows:
            result = row.result
            if result == _WOULD:
                try:
                    await store.meetings.hand_over(
                        former, row.meeting, present, limit, partial(new_etag, world), world.now()
                    )
                    result, done = _HANDED_OVER, done + 1
                except (AlreadyExists, EntityTooLarge, ResourceNotFound, TooManyOnlineMeetings) as refusal:
                    result = f"refused: {refusal.reason}"
            after.append(row._replace(result=result))
    finally:
        if done:
            audit.log(audit.MeetingsHandedOver(os_user(), former, present, done))
    return after
