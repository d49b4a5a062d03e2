"""Periodic clean-up: idle applications and conversations, waits in the lobby, unanswered invitations, old events,
expired meetings, old changes.

Each process sweeps; the store makes sure that each thing ends once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from openucwa.channel.activity import Activity
from openucwa.channel.poll import EventChannels
from openucwa.model.conversation import InvitationState
from openucwa.model.history import HistoryLimits
from openucwa.model.measures import Measures
from openucwa.model.refusals import Conflict, ConversationNotFound, Refusal, ResourceNotFound
from openucwa.model.world import World
from openucwa.store.contract import Store

#: How long an application that was ended as one too many is answered 410 instead of 404, in seconds.
REPLACED_KEPT = 86_400
#: How many are read at a time; the sweep goes on until none is left.
INVITATIONS_AT_A_TIME = 100
WAITING_AT_A_TIME = 100
#: Seconds before the end of a subscription when its application is notified.
EXPIRY_NOTICE = 120
USERS_AT_A_TIME = 100
#: Maximum number of meetings, applications, and rows per change, so that others do not wait for long.
MEETINGS_AT_A_TIME = 100
APPLICATIONS_AT_A_TIME = 100
ROWS_AT_A_TIME = 2_000
LOGS_AT_A_TIME = 100
CHANGES_AT_A_TIME = 500

DAY = 86_400

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """The settings of these names: intervals, timeouts and retention times, in seconds unless they say otherwise."""

    application_sweep_interval: float
    application_timeout: int
    change_log_days: int
    change_log_versions: int
    conversation_timeout: int
    events_kept: int
    expired_meetings_kept: int
    history_kept: int
    lobby_timeout: int
    max_conversation_logs: int
    max_log_messages: int
    meeting_sweep_interval: float


class Sweeper:
    """Cleans up every `application_sweep_interval` seconds, meetings every `meeting_sweep_interval` seconds."""

    def __init__(
        self,
        store: Store,
        activity: Activity,
        channels: EventChannels,
        world: World,
        settings: SweepSettings,
        measures: Measures,
    ) -> None:
        self._store = store
        self._activity = activity
        self._channels = channels
        self._world = world
        self._settings = settings
        self._measures = measures
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    async def start(self) -> None:
        self._tasks = (
            asyncio.create_task(
                self._each("applications", self._settings.application_sweep_interval, self.sweep_applications),
                name="openucwa applications",
            ),
            asyncio.create_task(
                self._each("meetings", self._settings.meeting_sweep_interval, self.sweep_meetings),
                name="openucwa meetings",
            ),
        )

    async def stop(self) -> None:
        """Ends; to be called while the store is still open."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = ()

    async def sweep_applications(self) -> None:
        """Ends the applications whose time is over, releases what waits on them, and forgets old events."""
        # Activity that is only in memory counts, too.
        await self._activity.flush()
        now = self._world.now()
        idle = await self._store.conversations.idle(now - 1000 * self._settings.conversation_timeout)
        for participation in idle:
            with suppress(ConversationNotFound):
                await self._store.conversations.leave(
                    participation.owner, participation.application_id, participation.id, now
                )
        await self._end_idle_applications(now)
        self._channels.forget()
        replaced = now - 1000 * REPLACED_KEPT
        while await self._store.applications.forget_replaced(replaced, ROWS_AT_A_TIME) == ROWS_AT_A_TIME:
            pass
        forgotten = now - 1000 * self._settings.events_kept
        while await self._store.events.forget(forgotten, ROWS_AT_A_TIME) == ROWS_AT_A_TIME:
            pass
        # All of it, where no history is stored any more.
        past = now - 1000 * self._settings.history_kept
        while await self._store.history.forget(past, LOGS_AT_A_TIME) == LOGS_AT_A_TIME:
            pass
        while await self._store.two_party.forget_ended(forgotten, ROWS_AT_A_TIME) == ROWS_AT_A_TIME:
            pass
        while await self._store.events.forget_topics(forgotten, ROWS_AT_A_TIME) == ROWS_AT_A_TIME:
            pass
        await self._sweep_contacts(now)
        # Last, because these are refused while the event bus can't be reached.
        await self.end_waits(now)
        await self.end_invitations(now)

    async def _sweep_contacts(self, now: int) -> None:
        """Ends subscriptions to contacts, announces that others end soon, and completes the index of the search."""
        soon = now + 1000 * EXPIRY_NOTICE
        while await self._store.contacts.sweep_subscriptions(soon, now, ROWS_AT_A_TIME) == ROWS_AT_A_TIME:
            pass
        while await self._store.people.index(USERS_AT_A_TIME) == USERS_AT_A_TIME:
            pass

    async def _end_idle_applications(self, now: int) -> None:
        before = now - 1000 * self._settings.application_timeout
        while ended := await self._store.applications.remove_idle(before, APPLICATIONS_AT_A_TIME, now):
            for owner, application_id in ended:
                self._channels.end(owner, application_id)

    async def end_waits(self, now: int) -> None:
        """Removes participants who have waited in the lobby for too long at `now`, in ms since 1970."""
        before = now - 1000 * self._settings.lobby_timeout
        while waiting := await self._store.conversations.overdue_in_lobby(before, WAITING_AT_A_TIME):
            for each in waiting:
                # A participant with two applications in the lobby is removed with the first of them.
                with suppress(ResourceNotFound):
                    await self._store.conversations.remove_participant(
                        each.organizer, each.meeting_id, each.uri, "Timeout", now, in_lobby=True
                    )

    async def end_invitations(self, now: int) -> None:
        """Ends invitations that are not answered in time at `now`, in ms since 1970."""
        kept = self._settings.max_conversation_logs if self._settings.history_kept else 0
        missed = HistoryLimits(kept, self._settings.max_log_messages)
        while overdue := await self._store.invitations.overdue(now, INVITATIONS_AT_A_TIME):
            for invitation in overdue:
                with suppress(Conflict):
                    failed = replace(invitation, state=InvitationState.FAILED, reason="Timeout")
                    await self._store.invitations.end(failed, now, missed=missed)

    async def sweep_meetings(self) -> None:
        """Removes meetings whose retention time after expirationTime is over, and shortens the change log."""
        now = self._world.now()
        before = now - 1000 * self._settings.expired_meetings_kept
        while await self._store.meetings.remove_expired(before, MEETINGS_AT_A_TIME, now) == MEETINGS_AT_A_TIME:
            pass
        versions = self._settings.change_log_versions
        while await self._store.change_log.trim(versions, CHANGES_AT_A_TIME) == CHANGES_AT_A_TIME:
            pass
        forgotten = now - 1000 * DAY * self._settings.change_log_days
        while await self._store.change_log.forget(forgotten, CHANGES_AT_A_TIME) == CHANGES_AT_A_TIME:
            pass

    async def _each(self, name: str, seconds: float, sweep: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._world.sleep(seconds)
            try:
                await sweep()
                self._measures.swept[name] = self._world.now()
            except Refusal as refusal:
                logger.warning("cleanup postponed: %s", refusal.reason)
            except Exception:
                # One failure must not end the clean-up for good.
                logger.exception("cleanup failed")
