"""policies: what users of this server may do in conversations."""

from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion
from openucwa.representation.document import Document
from openucwa.wire.resource import ANY_SCOPE, Request, Resource, Response, operation

#: What this server does, in the documented words. Policies about phones, mailboxes and telephony are left out.
POLICIES = {
    "callLogArchiving": "Disabled",
    "customerExperienceImprovementProgram": "Disabled",
    "clientExchangeConnectivity": "Disabled",
    "exchangeUnifiedMessaging": "Disabled",
    "htmlMessaging": "Enabled",
    "messageArchiving": "Disabled",
    "photos": "Enabled",
    "saveMessagingHistory": "Disabled",
}


class Policies(Resource[None]):
    """UCWA: policies."""

    rel = "policies"
    scopes = ANY_SCOPE

    @operation("What users may do.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: policies, GET."""
        resp.media = Document(rel=self.rel, href=f"{req.call.application}/policies", properties=POLICIES)
