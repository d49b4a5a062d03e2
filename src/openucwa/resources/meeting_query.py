"""openucwa:meetings: finds meetings by what they and their extensions contain. An addition to UCWA."""

import base64
import binascii
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation
from openucwa.config import Config
from openucwa.http.query import Query
from openucwa.meetings.assigned import AssignedMeetings
from openucwa.meetings.filter_syntax import FilterLimits, read_filter, read_order
from openucwa.meetings.pools import Pools
from openucwa.model.filters import Filter, Order, matching_extensions
from openucwa.model.meeting import Extension, Meeting
from openucwa.model.refusals import ParameterValidationFailure, ServiceUnavailable
from openucwa.model.scopes import MEETINGS
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter, read
from openucwa.resources.additions import index_href
from openucwa.resources.my_online_meetings import RELS, MeetingDocuments
from openucwa.resources.online_meeting_extensions import EXTENSION_REL, collection_href, extension_document
from openucwa.resources.online_meetings import READ_REFUSALS, MeetingFamily, organizer_of
from openucwa.store import contract
from openucwa.store.contract import MeetingQuery, Place, QueryLimits
from openucwa.store.findable import filterable

#: What statements of every engine can have, whatever the settings are.
MAX_DEPTH = 50
MAX_TERMS = 200
#: Meetings in an answer, unless $top is given.
DEFAULT_TOP = 50
_MAX_TOKEN = 4_096
#: Characters of an unknown name in a message.
_MAX_NAME = 50

#: Properties of others' meetings that are shown.
_SHOWN = (
    "accessLevel",
    "description",
    "expirationTime",
    "joinUrl",
    "onlineMeetingId",
    "onlineMeetingUri",
    "organizerUri",
    "subject",
)

#: One form of OData's $expand.
_EXPAND = re.compile(r"extensions\(\s*\$?filter\s*=\s*id\s+eq\s+'((?:[^']|'')+)'\s*\)")

_token = msgspec.json.Decoder(tuple[str, str, str, str])


def _parameters(sign: str) -> tuple[Parameter, ...]:
    return (
        Parameter(
            f"{sign}filter",
            description="A subset of OData's: eq, ne, gt, ge, lt, le, in, startswith, any, and, or, not; such as "
            "extensions('crm')/caseNumber eq 4711.",
        ),
        Parameter(
            f"{sign}orderby",
            description="A property of the meeting or of an extension, and asc or desc; by default creationTime.",
        ),
        Parameter(
            f"{sign}expand",
            description="extensions($filter=id eq 'ID'): of the extensions only this one is in the answer.",
        ),
        Parameter(f"{sign}top", kind="integer", minimum=1, description="Maximum number of meetings in the answer."),
        Parameter(
            f"{sign}skiptoken", max_length=_MAX_TOKEN, description="The place in the order, from the link to the next."
        ),
    )


#: Of OData; as there, the `$` may be left out.
QUERY = _parameters("$")
_WITHOUT_SIGN = _parameters("")


#: OData's options that are not supported: to ignore one would answer another question than the one asked.
_REFUSED = frozenset({
    "apply", "compute", "count", "deltatoken", "format", "index", "levels", "schemaversion", "search",
    "select", "skip",
})  # fmt: skip
_KNOWN = frozenset(each.name for each in _WITHOUT_SIGN)


def limits_of(config: Config) -> FilterLimits:
    """The limits of filters that the settings name."""
    return FilterLimits(
        config.max_filter_length, min(config.max_filter_depth, MAX_DEPTH), min(config.max_filter_terms, MAX_TERMS)
    )


class FoundMeetings(MeetingFamily[None]):
    """openucwa:meetings. The meetings that the caller organizes, is invited to or takes part in, by a filter."""

    rel = "openucwa:meetings"
    scopes = frozenset({MEETINGS})
    cached = False

    def __init__(
        self,
        queries: contract.Queries,
        assigned: AssignedMeetings,
        pools: Pools,
        documents: MeetingDocuments,
        config: Config,
    ) -> None:
        super().__init__(pools)
        self._queries = queries
        self._assigned = assigned
        self._documents = documents
        self._max_results = config.max_query_results
        self._filter_limits = limits_of(config)
        self._limits = QueryLimits(
            config.max_query_values, config.max_query_bytes, config.max_query_steps, config.max_query_comparisons
        )

    @Operation(
        "The meetings of the user, and those that the user is invited to or takes part in, which match a filter.",
        query=QUERY,
        refuses=(*READ_REFUSALS, ParameterValidationFailure, ServiceUnavailable),
    )
    async def get(self, call: Call[None]) -> Answer:
        """openucwa:meetings, GET."""
        _check_names(call.query)
        asked = {f"${name}": value for name, value in read(_WITHOUT_SIGN, {}, call.query).items()} | call.values
        wanted = read_filter(asked["$filter"], self._filter_limits) if "$filter" in asked else None
        order = read_order(asked["$orderby"], self._filter_limits) if "$orderby" in asked else Order("creationTime")
        organizer = organizer_of(call)
        assigned = await self._assigned.of(organizer)  # it is among them from the first query on
        query = MeetingQuery(
            user=organizer,
            wanted=wanted,
            order=order,
            after=_place(asked),
            limit=min(asked.get("$top", DEFAULT_TOP), self._max_results),
            assigned=assigned is not None,
            extension=_extension(asked),
        )
        found = await self._queries.find(query, self._limits)
        href = _href(call, asked)
        links = {}
        if found.after is not None:
            links["next"] = Link(_href(call, asked | {"$skiptoken": _token_of(found.after, asked)}))
        embedded = [self._found(call, wanted, *each) for each in found.meetings]
        return Answer(Document(rel=self.rel, href=href, links=links, embedded={"openucwa:foundMeeting": embedded}))

    def _found(
        self, call: Call[None], wanted: Filter | None, meeting: Meeting, extensions: Sequence[Extension]
    ) -> Document:
        own = meeting.organizer == organizer_of(call)
        matching: tuple[str, ...] = ()
        if wanted is not None:
            matching = matching_extensions(wanted, filterable(meeting, extensions, self._limits.values, organizer=own))
        here = f"{_href(call, {})}#{quote(meeting.organizer.removeprefix('sip:'), safe='@')}/{meeting.id}"
        if own:
            embedded = {RELS[meeting.rel]: self._documents.document(call, meeting, extensions)}
        else:
            embedded = {"onlineMeeting": self._other(call, here, meeting, extensions)}
        return Document(
            rel="openucwa:foundMeeting",
            href=here,
            properties={"creationTime": Instant(meeting.created), "matchingExtensions": matching, "own": own},
            embedded=embedded,
        )

    def _other(self, call: Call[None], href: str, meeting: Meeting, extensions: Sequence[Extension]) -> Document:
        """Another user's meeting: UCWA: onlineMeeting, without what belongs to a conversation."""
        properties = self._documents.document(call, meeting, ()).properties
        collection = collection_href(href)
        return Document(
            rel="onlineMeeting",
            href=f"{href}/onlineMeeting",
            properties={name: properties[name] for name in _SHOWN if name in properties},
            embedded={EXTENSION_REL: [extension_document(each, collection, writable=False) for each in extensions]},
        )


def _check_names(query: Query) -> None:
    """ParameterValidationFailure: an option of OData is not supported, or given twice."""
    given: set[str] = set()
    for name, values in query.items():
        option = name.lower().removeprefix("$")
        if option in _REFUSED or (name.startswith("$") and option not in _KNOWN):
            raise ParameterValidationFailure({f"${option}"[:_MAX_NAME]: "is not supported"})
        if option in _KNOWN and (option in given or len(values) > 1):
            raise ParameterValidationFailure({f"${option}": "is given twice"})
        given.add(option)


def _extension(asked: dict[str, Any]) -> str | None:
    """The id of the extension that answers contain; None: all of them."""
    if "$expand" not in asked:
        return None
    if (found := _EXPAND.fullmatch(asked["$expand"])) is None:
        raise ParameterValidationFailure({"$expand": "must be extensions($filter=id eq 'ID')"})
    return found[1].replace("''", "'")


def _href(call: Call[None], asked: dict[str, Any]) -> str:
    query = urlencode(sorted(asked.items()), quote_via=quote, safe="$'(),:@")
    return f"{index_href(call)}/meetings" + (f"?{query}" if query else "")


def _token_of(place: Place, asked: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((_digest(asked), *place))).decode().rstrip("=")


def _place(asked: dict[str, Any]) -> Place | None:
    """ParameterValidationFailure: it is not from a link of this query."""
    if "$skiptoken" not in asked:
        return None
    given = asked["$skiptoken"]
    try:
        digest, *place = _token.decode(base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise ParameterValidationFailure({"$skiptoken": "must be from the link to the next meetings"}) from None
    if digest != _digest(asked):
        raise ParameterValidationFailure({"$skiptoken": "belongs to another $filter or $orderby"})
    return Place(*place)


def _digest(asked: dict[str, Any]) -> str:
    """Of what decides the order of the meetings."""
    decisive = msgspec.json.encode((asked.get("$filter"), asked.get("$orderby")))
    return blake2b(decisive, digest_size=6).hexdigest()
