"""policies: the permissions of this server's users in conversations."""

from collections.abc import Mapping

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion
from openucwa.model.scopes import ANY_SCOPE
from openucwa.representation.document import Document, Property

#: UCWA: policies, GET: the order of the samples.
_ORDER = (
    "allowDeviceContactsSync", "audioOnlyOnWifi", "callLogArchiving", "customerExperienceImprovementProgram",
    "emoticons", "encryptAppData", "clientExchangeConnectivity", "exchangeUnifiedMessaging", "helpEnvironment",
    "htmlMessaging", "logging", "loggingLevel", "messageArchiving", "messagingUrls", "multiViewJoin",
    "onlineFeedbackUrl", "photos", "saveCallLogs", "saveCredentials", "saveMessagingHistory", "sendFeedbackUrl",
    "sharingOnlyOnWifi", "softwareQualityMetrics", "videoOnlyOnWifi",
)  # fmt: skip


def policies(config: Config) -> Mapping[str, Property]:
    """The permissions, in the documented order. Those of telephony are left out, and those of clients that the settings
    do not name.
    """
    shown: dict[str, Property] = {
        "callLogArchiving": "Disabled",
        "customerExperienceImprovementProgram": "Disabled",
        "clientExchangeConnectivity": "Disabled",
        "exchangeUnifiedMessaging": "Disabled",
        "htmlMessaging": "Enabled",
        "messageArchiving": "Disabled",
        "photos": _state(enabled=config.photos),
        "saveMessagingHistory": _state(enabled=config.history_kept > 0),
    }
    for policy in config.client_policies:
        name, _, value = policy.partition("=")
        shown[name] = value
    return {name: shown[name] for name in _ORDER if name in shown}


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
