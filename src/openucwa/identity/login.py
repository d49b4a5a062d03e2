"""Who wants to sign in: the spellings of a user name."""

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
        """What `text` names; whatever it is, it is a login, though maybe nobody's."""
        name = text.strip().lower()
        domain, backslash, user = name.partition("\\")
        if backslash:
            return Login(user, user, domain, whole=False)
        name = name.removeprefix("sip:")
        user, at, domain = name.rpartition("@")
        return Login(name, user if at else name, domain if at else "", whole=bool(at))

    def fits(self, domain: str) -> bool:
        """Whether a user in this domain may be meant."""
        if self.whole:
            return domain == self.domain
        return not self.domain or domain == self.domain or domain.startswith(self.domain + ".")

    @property
    def throttle_key(self) -> str:
        """What all spellings of a user have in common: the local part and the first label of the domain.

        Asking the store which user is meant would let a stranger see, by the delays, who exists.
        """
        return f"{self.user}@{self.domain.partition('.')[0]}"[:_LONGEST_KEY]
