"""A user as described by an issuer or a directory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from openucwa.model.user import User, is_sip_uri

#: Characters of a name, a title, a number.
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as described by an issuer or a directory.

    `uri`: the SIP URI, as `User.uri`. `source`: the issuer's or the directory's URL. `create`: whether to add the
    user if unknown. `phones`: kind (work, mobile, home, other) -> number. `photo`: as it is there; b"" if
    there is none; None: the source has no photos.
    """

    uri: str
    source: str
    create: bool
    name: str | None = None
    email: str | None = None
    title: str | None = None
    department: str | None = None
    company: str | None = None
    office: str | None = None
    phones: Mapping[str, str] = field(default_factory=dict)
    photo: bytes | None = field(default=None, repr=False)


class FoundGroup(NamedTuple):
    """A distribution group. `address`: in lower case."""

    address: str
    name: str


class FoundPeople(NamedTuple):
    """The people that a directory found. `more`: there are more."""

    people: tuple[Profile, ...] = ()
    groups: tuple[FoundGroup, ...] = ()
    more: bool = False


def user_of(profile: Profile) -> User:
    """A user who is described by a profile."""
    return User(
        uri=profile.uri,
        name=profile.name or profile.uri.removeprefix("sip:").partition("@")[0],
        email=profile.email,
        pool=None,
        password_hash="",
        source=profile.source,
        title=profile.title,
        department=profile.department,
        company=profile.company,
        office=profile.office,
        work_phone=profile.phones.get("work"),
        mobile_phone=profile.phones.get("mobile"),
        home_phone=profile.phones.get("home"),
        other_phone=profile.phones.get("other"),
    )


def sip_uri(value: str, domains: tuple[str, ...]) -> str | None:
    """`sip:lene@contoso.com`, of that with or without the scheme, or of `lene`, who is in the first of `domains`.

    None: not an address, or not in `domains`.
    """
    if not value.isascii():  # before lower(), which turns the Kelvin sign into a k
        return None
    address = value.strip().lower().removeprefix("sip:")
    if "@" not in address:
        address = f"{address}@{domains[0]}"
    uri = f"sip:{address}"
    if not is_sip_uri(uri) or uri.rpartition("@")[2] not in domains:
        return None
    return uri


def printable(value: object) -> str | None:
    """`value` as one line of limited length; None: it is not printable text."""
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    return text[:_LONGEST] if text.isprintable() and text else None
