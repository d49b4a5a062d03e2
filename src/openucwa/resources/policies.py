"""policies: the permissions of this server's users in conversations."""

from collections.abc import Mapping

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion
from openucwa.model.scopes import ANY_SCOPE
from openucwa.representation.document import Document, Property

#: The permissions that are no settings. Those about phones, mailboxes and telephony are left out.
POLICIES = {
    "callLogArchiving": "Disabled",
    "customerExperienceImprovementProgram": "Disabled",
    "clientExchangeConnectivity": "Disabled",
    "exchangeUnifiedMessaging": "Disabled",
    "htmlMessaging": "Enabled",
    "messageArchiving": "Disabled",
    "saveMessagingHistory": "Disabled",
}


class Policies(Resource[None]):
    """UCWA: policies."""

    rel = "policies"
    scopes = ANY_SCOPE

    def __init__(self, config: Config) -> None:
        own = {"photos": "Enabled" if config.photos else "Disabled"}
        self._policies: Mapping[str, Property] = dict(sorted((POLICIES | own).items()))

    @Operation("The permissions of users in conversations.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: policies, GET."""
        return Answer(Document(rel=self.rel, href=f"{call.application}/policies", properties=self._policies))
