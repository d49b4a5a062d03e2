"""Whether a caller's user is still the one that the token was issued to."""

from openucwa.identity.tokens import Caller
from openucwa.model.refusals import Unauthorized
from openucwa.model.user import User
from openucwa.store.contract import Users


async def current_user(users: Users, caller: Caller) -> User | None:
    """The caller's user; None for an anonymous caller.

    Unauthorized: the user was removed, or the password changed after the token was issued.
    """
    if caller.anonymous:
        return None
    user = await users.get(caller.identity)
    if user is None or not caller.is_of(user.generation):
        raise Unauthorized("the user was removed, or the password changed after this token was issued")
    return user
