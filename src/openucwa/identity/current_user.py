"""Whether a caller's user is still the one that the token was issued to."""

from openucwa.identity.tokens import Caller
from openucwa.model.refusals import Unauthorized
from openucwa.model.user import DISABLED, REVOKED, User
from openucwa.store.contract import Users


async def current_user(users: Users, caller: Caller) -> User | None:
    """The caller's user; None for an anonymous caller.

    Unauthorized: the user was removed or is disabled, or the token was revoked after it was issued, by a new password
    or otherwise.
    """
    if caller.anonymous:
        return None
    user = await users.get(caller.identity)
    if user is not None and user.disabled:
        raise Unauthorized(DISABLED)
    if user is None or not caller.is_of(user.generation):
        raise Unauthorized(REVOKED)
    return user
