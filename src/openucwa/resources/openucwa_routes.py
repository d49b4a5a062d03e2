"""The routes of what this server adds to UCWA: below openucwa:index, and below meetings and extensions."""

from collections.abc import Iterator, Sequence
from typing import Any

from openucwa.api.resource import Resource
from openucwa.config import Config
from openucwa.identity.accounts import Accounts
from openucwa.identity.callers import Callers
from openucwa.meetings.assigned import AssignedMeetings
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas
from openucwa.model.world import World
from openucwa.resources import accounts, additions, changes, removed, versions, webhooks
from openucwa.resources.meeting_query import FoundMeetings
from openucwa.resources.my_online_meetings import MeetingDocuments
from openucwa.resources.schemas import schema_routes
from openucwa.store.contract import Store
from openucwa.webhooks.following import Following


def openucwa_routes(
    app: str,
    store: Store,
    pools: Pools,
    assigned: AssignedMeetings,
    documents: MeetingDocuments,
    schemas: ExtensionSchemas,
    world: World,
    config: Config,
    following: Following,
    callers: Callers,
    own: Accounts,
) -> Sequence[tuple[str, Resource[Any]]]:
    """`app`: the template of an application."""
    index = f"{app}/openucwa"
    routes: list[tuple[str, Resource[Any]]] = [
        (index, additions.Index(pools, additions.links(config), own)),
        (f"{index}/lobby", additions.Lobbies(store.conversations, pools)),
        (f"{index}/password", accounts.Password(own)),
        (f"{index}/signOut", accounts.SignOut(own)),
        *schema_routes(f"{index}/schemas", store, pools, schemas, world, config),
    ]
    if config.change_log:
        routes.append((f"{index}/meetings", FoundMeetings(store.queries, assigned, pools, documents, config)))
        routes += _history_routes(app, store, pools, documents, schemas, world, config)
        reader = changes.ChangeReader(store.change_log, following.tail, documents, world, config)
        hooks = webhooks.Parts(store, pools, following.subscriptions, world, following.dispatcher.changed)
        routes += [(f"{index}/changes", changes.ChangesResource(pools, reader, callers, store.users))]
        routes += webhooks.routes(index, hooks)
    return routes


def _history_routes(
    app: str,
    store: Store,
    pools: Pools,
    documents: MeetingDocuments,
    schemas: ExtensionSchemas,
    world: World,
    config: Config,
) -> Iterator[tuple[str, Resource[Any]]]:
    """The resources that read the change log."""
    meeting = f"{app}/onlineMeetings/myOnlineMeetings/{{meeting_id}}"
    shown = (store, pools, documents)
    for past in (meeting, f"{meeting}/onlineMeetingExtensions/{{extension_id}}"):
        version = f"{past}/versions/{{version}}"
        yield f"{past}/versions", versions.Versions(*shown)
        yield version, versions.Version(*shown)
        yield f"{version}/difference", versions.Difference(*shown)
        yield f"{version}/restore", versions.Restore(*shown, schemas, world, config)
    yield f"{meeting}/removedExtensions", removed.RemovedExtensions(*shown)
    meetings = f"{app}/openucwa/removedMeetings"
    yield meetings, removed.RemovedMeetings(store.change_log, pools)
    yield f"{meetings}/{{removal}}", removed.RemovedMeeting(store.change_log, pools, documents)
    yield (
        f"{meetings}/{{removal}}/restore",
        removed.RestoreMeeting(store.meetings, pools, documents, world, config.max_meetings),
    )
