"""Builds LDAP filters, and maps entries to users."""

from collections.abc import Sequence
from typing import NamedTuple

from ldap.filter import escape_filter_chars

from openucwa.config_identity import Directory, Texts, texts
from openucwa.identity.directories.connection import Entry
from openucwa.identity.login import Login
from openucwa.identity.profile import Profile, printable, sip_uri

#: Digits of a word that may be part of a phone number.
_MIN_DIGITS = 3


class DirectoryGroup(NamedTuple):
    """A group of a directory. `members`: DNs. `whole`: whether these are all."""

    address: str
    name: str
    members: tuple[str, ...]
    whole: bool


def attributes(directory: Directory) -> list[str]:
    """The attributes to read from a user's entry."""
    names = [
        *texts(directory.uri_attributes),
        directory.user_attribute,
        *texts(directory.name_attributes),
        *texts(directory.email_attributes),
        *texts(directory.title_attributes),
        *texts(directory.department_attributes),
        *texts(directory.company_attributes),
        *texts(directory.office_attributes),
        *directory.phones.values(),
    ]
    return list(dict.fromkeys(names))


def login_attributes(directory: Directory) -> list[str]:
    """The attributes to read from the entry of a user who signs in: also the photo, which searches leave out."""
    return list(dict.fromkeys((*attributes(directory), *texts(directory.photo_attributes))))


def login_filter(directory: Directory, login: Login) -> str:
    """The filter that finds the user of a login, with everything escaped."""
    ours = any(login.fits(domain) for domain in texts(directory.domains))
    names = {"login": login.text, "user": login.user if ours else login.text}
    return _filled(directory.login_filter, names)


def group_filter(directory: Directory, entry: Entry) -> str:
    """The filter that matches a group with this user as a member."""
    user = _first(entry, directory.user_attribute) or entry.dn
    return _filled(directory.group_filter, {"dn": entry.dn, "user": user})


def profile(directory: Directory, entry: Entry, *, photo: bool = False) -> Profile | None:
    """The user of this entry; None: not in the directory's domains. `photo`: whether the entry contains photos."""
    address = _first(entry, directory.uri_attributes)
    uri = sip_uri(address, texts(directory.domains)) if address else None
    if uri is None:
        return None
    phones = {kind: number for kind, name in directory.phones.items() if (number := _first(entry, name))}
    return Profile(
        uri=uri,
        source=texts(directory.url)[0],
        create=directory.create_users,
        name=_first(entry, directory.name_attributes),
        email=_first(entry, directory.email_attributes),
        title=_first(entry, directory.title_attributes),
        department=_first(entry, directory.department_attributes),
        company=_first(entry, directory.company_attributes),
        office=_first(entry, directory.office_attributes),
        phones=phones,
        photo=_photo(directory, entry) if photo else None,
    )


def _photo(directory: Directory, entry: Entry) -> bytes | None:
    """The first photo, b"" if there is none; None: the directory is not asked for photos."""
    names = texts(directory.photo_attributes)
    values = (value for name in names for value in entry.attributes.get(name.lower(), ()))
    return next(values, b"") if names else None


def people_filter(directory: Directory, words: Sequence[str]) -> str:
    """The filter that finds people who have a word that begins with each of `words`; all are escaped."""
    named = texts(directory.name_attributes)
    addressed = (*texts(directory.email_attributes), *texts(directory.uri_attributes))
    conditions = []
    for word in words:
        text = escape_filter_chars(word)
        digits = "".join(filter(str.isdigit, word))
        one = [f"({name}={text}*)({name}=* {text}*)" for name in named]
        one += [f"({name}={text}*)({name}=sip:{text}*)" for name in addressed]
        if len(digits) >= _MIN_DIGITS:
            one += [f"({name}=*{digits}*)" for name in directory.phones.values()]
        conditions.append(f"(|{''.join(one)})")
    return f"(&{directory.person_filter}{''.join(conditions)})"


def person_filter(directory: Directory, address: str) -> str:
    """The filter that finds a person by address."""
    text = escape_filter_chars(address)
    names = (*texts(directory.uri_attributes), *texts(directory.email_attributes))
    user = escape_filter_chars(address.partition("@")[0])
    one = "".join(f"({name}={text})({name}=sip:{text})({name}={user})" for name in names)
    return f"(&{directory.person_filter}(|{one}))"


def organization_filter(directory: Directory, managers: Sequence[str]) -> str:
    """The filter that finds those who have one of these managers (DNs)."""
    one = "".join(f"({directory.manager_attribute}={escape_filter_chars(dn)})" for dn in managers)
    return f"(&{directory.person_filter}(|{one}))"


def manager_of(directory: Directory, entry: Entry) -> str | None:
    """The DN of the manager of an entry's user."""
    values = entry.attributes.get(directory.manager_attribute.lower(), ())
    return values[0].decode("utf-8", "replace") if values else None


def groups_filter(directory: Directory, words: Sequence[str]) -> str:
    """The filter that finds groups with an address, by the beginnings of words of name or address."""
    conditions = []
    for word in words:
        text = escape_filter_chars(word)
        one = [f"({name}={text}*)({name}=* {text}*)" for name in texts(directory.name_attributes)]
        one += [f"({name}={text}*)" for name in texts(directory.email_attributes)]
        conditions.append(f"(|{''.join(one)})")
    mail = "".join(f"({name}=*)" for name in texts(directory.email_attributes))
    return f"(&{directory.distribution_filter}(|{mail}){''.join(conditions)})"


def group_by_address(directory: Directory, address: str) -> str:
    """The filter that finds a group by its address."""
    text = escape_filter_chars(address)
    one = "".join(f"({name}={text})" for name in texts(directory.email_attributes))
    return f"(&{directory.distribution_filter}(|{one}))"


def group_attributes(directory: Directory) -> list[str]:
    """The attributes to read from a group's entry."""
    names = (*texts(directory.name_attributes), *texts(directory.email_attributes))
    return list(dict.fromkeys((*names, *texts(directory.member_attributes))))


def group_of(directory: Directory, entry: Entry) -> DirectoryGroup | None:
    """The group of this entry; None: it has no address."""
    address = _first(entry, directory.email_attributes)
    if address is None or "@" not in address or not address.isascii():
        return None
    members = [
        value.decode("utf-8", "replace")
        for name, values in entry.attributes.items()
        if name.partition(";")[0] in {each.lower() for each in texts(directory.member_attributes)}
        for value in values
    ]
    # Active Directory gives the members of large groups in portions (`member;range=0-1499`).
    whole = not any(";range=" in name for name in entry.attributes)
    return DirectoryGroup(address.lower(), _first(entry, directory.name_attributes) or address, tuple(members), whole)


def _first(entry: Entry, names: Texts) -> str | None:
    """The first value of the first of these attributes that has one."""
    for name in texts(names):
        for value in entry.attributes.get(name.lower(), ()):
            if text := printable(value.decode("utf-8", "replace")):
                return text
    return None


def _filled(template: str, names: dict[str, str]) -> str:
    # In one pass, so that values are not searched for placeholders.
    parts = template.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        filled += (escape_filter_chars(names[name]), rest)
    return "".join(filled)
