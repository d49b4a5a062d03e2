"""policies: the permissions of this server's users in conversations."""

from collections.abc import Mapping

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion
from openucwa.model.scopes import ANY_SCOPE
from openucwa.representation.document import Document, Property


def policies(config: Config) -> Mapping[str, Property]:
    """The permissions, in the documented order. Those about phones, mailboxes and telephony are left out."""
    return {
        "callLogArchiving": "Disabled",
        "customerExperienceImprovementProgram": "Disabled",
        "clientExchangeConnectivity": "Disabled",
        "exchangeUnifiedMessaging": "Disabled",
        "htmlMessaging": "Enabled",
        "messageArchiving": "Disabled",
        "photos": _state(enabled=config.photos),
        "saveMessagingHistory": _state(enabled=config.history_kept > 0),
    }


def _state(*, enabled: bool) -> str:
    """UCWA: GenericPolicy."""
    return "Enabled" if enabled else "Disabled"


class Policies(Resource[None]):
    """UCWA: policies."""

    rel = "policies"
    scopes = ANY_SCOPE

    def __init__(self, config: Config) -> None:
        self._policies = policies(config)

    @Operation("The permissions of users in conversations.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: policies, GET."""
        return Answer(Document(rel=self.rel, href=f"{call.application}/policies", properties=self._policies))
