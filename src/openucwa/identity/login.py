"""The spellings of a user name at sign-in."""

from dataclasses import dataclass

_LONGEST_KEY = 256


@dataclass(frozen=True, slots=True)
class Login:
    """A user name as it was typed, in lower case: `lene`, `lene@contoso.com`, `sip:lene@contoso.com`, `CONTOSO\\lene`.

    `text`: without the `sip:` or `CONTOSO\\`. `user`: what stands before the @. `domain`: what stands behind it, or
    before the backslash; empty where neither is there. `whole`: whether `domain` is all of the domain, or may be the
    beginning of one.
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

    @property
    def throttle_key(self) -> str:
        """The local part and the first label of the domain, common to all spellings of a user.

        Asking the store for the exact user would let a stranger learn, from the delays, which users exist.
        """
        return f"{self.user}@{self.domain.partition('.')[0]}"[:_LONGEST_KEY]
