"""Login names: the spellings of a user name."""

from dataclasses import dataclass

_LONGEST_KEY = 256


@dataclass(frozen=True, slots=True)
class Login:
    """A user name as typed, in lower case: `lene`, `lene@contoso.com`, `sip:lene@contoso.com`, `CONTOSO\\lene`.

    `text`: without the `sip:` or `CONTOSO\\`. `user`: the part before the @. `domain`: the part after it, or before the
    backslash; empty if there is neither. `whole`: whether `domain` is complete, or may be just the beginning of one.
    """

    text: str
    user: str
    domain: str
    whole: bool

    @staticmethod
    def parse(text: str) -> "Login":
        """The login that `text` names; any text is one, though maybe of no user."""
        name = text.strip().lower()
        domain, backslash, user = name.partition("\\")
        if backslash:
            return Login(user, user, domain, whole=False)
        name = name.removeprefix("sip:")
        user, at, domain = name.rpartition("@")
        return Login(name, user if at else name, domain if at else "", whole=bool(at))

    def fits(self, domain: str) -> bool:
        """Whether it may name a user in this domain."""
        if self.whole:
            return domain == self.domain
        return not self.domain or domain == self.domain or domain.startswith(self.domain + ".")

    @property
    def throttle_key(self) -> str:
        """What all spellings of a user have in common: the local part and the first label of the domain.

        Asking the store for the exact user would let a stranger learn, from the delays, which users exist.
        """
        return f"{self.user}@{self.domain.partition('.')[0]}"[:_LONGEST_KEY]
