"""search: finds people among the users of this server and those of its directories, and distribution groups."""

from typing import NamedTuple
from urllib.parse import urlencode

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.model.contact import Person
from openucwa.model.privacy import sees
from openucwa.model.refusals import InvalidExchangeServerVersion, ParameterValidationFailure
from openucwa.model.scopes import CONTACTS
from openucwa.model.search import has_mail, mail_words, matches, query_words, typed_words
from openucwa.people.address_book import AddressBook
from openucwa.people.privacy import Privacy
from openucwa.representation.document import Document
from openucwa.representation.parameters import Parameter
from openucwa.resources.people import people_href
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.store import contract

#: UCWA: search, limit.
MAX_LIMIT = 100
#: Portions of users that are read for one search: of a portion those are dropped whose match the caller may not see.
_MAX_PORTIONS = 5

#: UCWA: search and search2, GET, Query parameters.
SEARCH = (
    Parameter(
        "query",
        max_length=256,
        description="The beginning of a name, address or phone number; several words are allowed.",
    ),
    Parameter("mail", max_length=256, description="The beginning of an address."),
    Parameter("limit", kind="integer", minimum=1, maximum=MAX_LIMIT),
)


class Words(NamedTuple):
    """The words to search for: all of them, and those of them that must begin an address."""

    all: tuple[str, ...]
    mail: tuple[str, ...]


class Search(Resource[None]):
    """UCWA: search and search2."""

    rel = "search"
    scopes = frozenset({CONTACTS})
    anonymous = False

    def __init__(
        self, people: contract.People, book: AddressBook, documents: ContactRenderer, privacy: Privacy, max_results: int
    ) -> None:
        self._people = people
        self._book = book
        self._documents = documents
        self._privacy = privacy
        self._max = min(max_results, MAX_LIMIT)

    @Operation("Searches for people.", query=SEARCH, refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: search, GET; search2, GET."""
        query, mail = call.values.get("query"), call.values.get("mail")
        if not query and not mail:
            raise ParameterValidationFailure({"query": "is required"})
        words = Words((*query_words(query or ""), *mail_words(mail or "")), mail_words(mail or ""))
        limit = min(call.values.get("limit", self._max), self._max)
        viewer = call.session.application.owner
        people, more = await self._find(words, viewer, limit)
        typed = (*typed_words(query or ""), *typed_words(mail or "")) if words.all else ()
        others, groups, more_others = await self._book.search(typed, limit, viewer)
        people += [person for person in others if self._is_found(person, words, viewer)]
        groups = [group for group in groups if all(group.id.startswith(word) for word in words.mail)]
        more = more or more_others or len(people) + len(groups) > limit
        people = people[:limit]
        groups = groups[: limit - len(people)]
        asked = urlencode({name: value for name, value in call.values.items() if value != ""}, safe="@")
        return Answer(
            Document(
                rel=self.rel,
                href=f"{people_href(call)}/search?{asked}",
                revision=2,
                properties={"moreResultsAvailable": more},
                embedded={
                    "contact": [self._documents.contact(call, person) for person in people],
                    "distributionGroup": [self._documents.group(call, group) for group in groups],
                },
            )
        )

    async def _find(self, words: Words, viewer: str, limit: int) -> tuple[list[Person], bool]:
        """Up to `limit` users whose visible words match, and whether there are more."""
        people: list[Person] = []
        after = ""
        for _ in range(_MAX_PORTIONS):
            portion = await self._people.search(words.all, viewer, after, limit + 1)
            people += [person for person in portion if self._is_found(person, words, viewer)]
            if len(people) > limit:
                return people[:limit], True
            if len(portion) <= limit:
                return people, False
            after = portion[-1].user.uri
        return people, True

    def _is_found(self, person: Person, words: Words, viewer: str) -> bool:
        visible = sees(self._privacy.of_person(person, viewer))
        return matches(words.all, person.user, visible) and has_mail(words.mail, person.user)
