"""User names as they are typed at sign-in."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_KEY = 256


@dataclass(frozen=True, slots=True)
class Login:
    """A user name as it was typed, in lower case: `lene`, `lene@contoso.com`, `sip:lene@contoso.com`, `CONTOSO\\lene`.

    `text`: without the `sip:` or `CONTOSO\\`. `user`: the part before the @. `domain`: the part after it, or before the
    backslash; empty if there is neither. `whole`: whether `domain` is complete, or may be the beginning of a domain.
    """

    text: str
    user: str
    domain: str
    whole: bool

    @staticmethod
    def parse(text: str) -> "Login":
        """Parses a user name. Any text is a login, though possibly of no user."""
        name = text.strip().lower()
        domain, backslash, user = name.partition("\\")
        if backslash:
            return Login(user, user, domain, whole=False)
        name = name.removeprefix("sip:")
        user, at, domain = name.rpartition("@")
        return Login(name, user if at else name, domain if at else "", whole=bool(at))

    def fits(self, domain: str) -> bool:
        """Whether the login may mean a user in this domain."""
        if self.whole:
            return domain == self.domain
        return not self.domain or domain == self.domain or domain.startswith(self.domain + ".")

    def throttle_key(self, domains: Iterable[str] = ()) -> str:
        """The local part and the first label of the domain, common to all spellings of a user.

        `domains`: those of issuers and directories. They know users by the name alone, too, and ignore the domain in
        front of a backslash, which may be that of Windows.
        Asking the store for the exact user would let a stranger learn, from the delays, which users exist.
        """
        user, domain, domains = _folded(self.user), _folded(self.domain), tuple(domains)
        if domains and (not self.whole or domain in domains):
            domain = ""
        return f"{user}@{domain.partition('.')[0]}"[:_LONGEST_KEY]


def _folded(text: str) -> str:
    """`text` without the differences that directories ignore: width, accents, case, blanks, invisible characters."""
    composed = unicodedata.normalize("NFKD", text[:_LONGEST_KEY])
    return "".join(char for char in composed if unicodedata.category(char)[0] not in "MCZ").casefold()
