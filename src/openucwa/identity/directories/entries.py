"""Builds LDAP filters, and maps entries to users."""

from ldap.filter import escape_filter_chars

from openucwa.config_identity import Directory, Texts, texts
from openucwa.identity.directories.connection import Entry
from openucwa.identity.login import Login
from openucwa.identity.profile import Profile, printable, sip_uri


def attributes(directory: Directory) -> list[str]:
    """The attributes to read from a user's entry."""
    names = [
        *texts(directory.uri_attributes),
        directory.user_attribute,
        *texts(directory.name_attributes),
        *texts(directory.email_attributes),
        *texts(directory.title_attributes),
        *texts(directory.department_attributes),
        *directory.phones.values(),
        *texts(directory.photo_attributes),
    ]
    return list(dict.fromkeys(names))


def login_filter(directory: Directory, login: Login) -> str:
    """The filter that finds the user of a login, with everything escaped."""
    ours = any(login.fits(domain) for domain in texts(directory.domains))
    names = {"login": login.text, "user": login.user if ours else login.text}
    return _filled(directory.login_filter, names)


def group_filter(directory: Directory, entry: Entry) -> str:
    """The filter that matches a group with this user as a member."""
    user = _first(entry, directory.user_attribute) or entry.dn
    return _filled(directory.group_filter, {"dn": entry.dn, "user": user})


def profile(directory: Directory, entry: Entry) -> Profile | None:
    """The user of this entry; None: not in the directory's domains."""
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
        phones=phones,
        photo=_photo(directory, entry),
    )


def _photo(directory: Directory, entry: Entry) -> bytes | None:
    """The first photo, b"" if there is none; None: the directory is not asked for photos."""
    names = texts(directory.photo_attributes)
    values = (value for name in names for value in entry.attributes.get(name.lower(), ()))
    return next(values, b"") if names else None


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
