"""photo and contactPhoto: pictures of users; and the resource by which users set their own."""

import re
from typing import NamedTuple

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.http.message import Header
from openucwa.http.negotiation import weighted
from openucwa.http.query import parse
from openucwa.model.photo import PHOTO_SIZES, PhotoOrigin
from openucwa.model.privacy import sees
from openucwa.model.refusals import (
    BadRequest,
    CannotRedirect,
    EntityTooLarge,
    Forbidden,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    ResourceNotFound,
    ServiceUnavailable,
    TooManyRequests,
)
from openucwa.model.scopes import CONTACTS, USER
from openucwa.people.address_book import AddressBook
from openucwa.people.privacy import Privacy
from openucwa.pictures.initials import PNG, SVG, as_png, as_svg
from openucwa.pictures.photos import PhotoMaker, etag_of
from openucwa.representation.parameters import Parameter
from openucwa.resources.contacts import find_person
from openucwa.store.contract import Photos, Store

#: UCWA: photo and contactPhoto, GET, Query parameters.
SIZE = (Parameter("size", max_length=20, description="HR{length}X{width}, in pixels: HR48X48 (default) to HR648X648."),)
#: What is read from a photo that a user sets.
SOURCES = ("image/jpeg", "image/png")

_SIZE = re.compile(r"(?:HR)?([0-9]{1,4})X([0-9]{1,4})", re.IGNORECASE)
_SMALLEST, _LARGEST = 16, PHOTO_SIZES[-1]
_READ = (InvalidExchangeServerVersion, CannotRedirect)
_SVG_ONLY_DRAWS: Header = (b"Content-Security-Policy", b"default-src 'none'; style-src 'unsafe-inline'")


class Shown(NamedTuple):
    """A picture as it is sent. `own`: whether it is that of the caller."""

    body: bytes
    media_type: str
    etag: str
    own: bool


class PictureResource(Resource[Shown]):
    """A picture of a person: the photo, or a picture with the initials."""

    batchable = False
    conditional = True
    photo_cookie = True
    cache_control = b"private, no-cache"

    def __init__(self, photos: Photos) -> None:
        self._photos = photos

    def etag(self, call: Context, target: Shown) -> str:
        return target.etag

    async def picture(self, call: Context, uri: str, name: str, *, photo: bool) -> Shown:
        """The picture of a person, in the size that is asked for. `photo`: whether the caller may see a photo."""
        size = asked_size(call)
        own = uri == call.session.application.owner
        if photo and (stored := await self._photos.get(uri, size)) is not None:
            return Shown(stored.data, stored.media_type, stored.etag, own)
        svg = SVG in {name for name, q in weighted(call.request.header(b"accept") or "", call.lists) if q > 0}
        body = as_svg(name, size) if svg else as_png(name, size)
        return Shown(body, SVG if svg else PNG, etag_of(body), own)

    @Operation(
        "A picture of the person ({rel}).",
        query=SIZE,
        produces=("image/jpeg", PNG, SVG),
        negotiated=False,
        refuses=(*_READ, Forbidden),
    )
    async def get(self, call: Call[Shown]) -> Answer:
        """UCWA: photo, GET; contactPhoto, GET. A picture, whatever the client accepts."""
        if "size" in call.values and _SIZE.fullmatch(call.values["size"]) is None:
            raise ParameterValidationFailure({"size": "must have the form HR48X48"})
        shown = call.target
        return Answer(
            body=shown.body,
            content_type=shown.media_type,
            etag=shown.etag,
            headers=(_SVG_ONLY_DRAWS,),
            cache_control=self.cache_control,
        )


class Photo(PictureResource):
    """UCWA: photo. That of the signed-in user."""

    rel = "photo"
    scopes = frozenset({USER})
    anonymous = False

    def __init__(self, photos: Photos, *, enabled: bool) -> None:
        super().__init__(photos)
        self._enabled = enabled

    async def locate(self, call: Context, **_names: str) -> Shown:
        session = call.session
        owner = session.application.owner
        return await self.picture(call, owner, session.user_name or owner, photo=self._enabled)


class ContactPhoto(PictureResource):
    """UCWA: contactPhoto, and photo where the address is that of the signed-in user.

    A photo that the caller may not see is answered as if there were none. `enabled`: the setting `photos`.
    """

    rel = "contactPhoto"
    scopes = frozenset({CONTACTS})

    def __init__(self, store: Store, book: AddressBook, privacy: Privacy, *, enabled: bool) -> None:
        super().__init__(store.photos)
        self._store = store
        self._book = book
        self._privacy = privacy
        self._enabled = enabled

    def required_scopes(self, call: Context, target: Shown) -> frozenset[str]:
        return frozenset({USER}) if target.own else self.scopes

    async def locate(self, call: Context, address: str = "", **_names: str) -> Shown:
        application = call.session.application
        try:
            person = await find_person(self._store, self._book, call, address)
        except ResourceNotFound:
            if application.anonymous:
                raise Forbidden("only pictures of people in the same meeting are available") from None
            raise
        uri = person.user.uri
        if not self._enabled and uri != application.owner:
            raise Forbidden("photos are disabled on this server")
        visible = self._enabled and sees(self._privacy.of_person(person, application.owner)).photo
        return await self.picture(call, uri, person.user.name, photo=visible)


class OwnPhoto(Resource[None]):
    """openucwa:photo. Sets and removes the photo of the signed-in user."""

    rel = "openucwa:photo"
    scopes = frozenset({USER})
    anonymous = False
    batchable = False

    def __init__(self, photos: Photos, maker: PhotoMaker, *, enabled: bool) -> None:
        self._photos = photos
        self._maker = maker
        self._enabled = enabled

    @Operation(
        "Sets the user's photo.",
        answers=(204,),
        consumes=SOURCES,
        produces=(),
        refuses=(BadRequest, Forbidden, EntityTooLarge, TooManyRequests, ServiceUnavailable),
    )
    async def put(self, call: Call[None]) -> Answer:
        """openucwa:photo, PUT. What is stored is square, at most `max_photo_size` wide, and has no metadata."""
        owner = call.session.application.owner
        if not self._enabled:
            raise Forbidden("photos are disabled on this server")
        if not call.body:
            raise BadRequest("the body must be the photo")
        await self._photos.put(owner, await self._maker.make(owner, call.body), PhotoOrigin(None, ""))
        return NO_CONTENT

    @Operation("Removes the user's photo.", answers=(204,), produces=())
    async def delete(self, call: Call[None]) -> Answer:
        """openucwa:photo, DELETE. One from a directory comes back when the user signs in the next time."""
        await self._photos.remove(call.session.application.owner)
        return NO_CONTENT


def asked_size(call: Context) -> int:
    """The size of the query, within limits, or the default; one that is malformed is refused later."""
    for name, values in parse(call.request.query).items():
        if name.lower() == "size" and (found := _SIZE.fullmatch(values[-1])):
            return min(max(_SMALLEST, *map(int, found.groups())), _LARGEST)
    return PHOTO_SIZES[0]
