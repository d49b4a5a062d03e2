"""The rules of messages: displayable text of bounded size."""

from openucwa.http.data_uri import is_data_uri, read_data_uri
from openucwa.model.conversation import FirstMessage
from openucwa.model.refusals import EntityTooLarge, ParameterValidationFailure
from openucwa.model.values import is_carriable

MESSAGE_TYPES = ("text/plain", "text/html")


class MessageRules:
    """The limits of one server. `max_bytes`: the maximum size of a message's text in UTF-8."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes

    def check(self, text: str) -> None:
        """EntityTooLarge: over the limit. ParameterValidationFailure: it contains a character that XML cannot
        represent.
        """
        if len(text) > self._max_bytes or len(text.encode(errors="replace")) > self._max_bytes:
            raise EntityTooLarge(f"a message may have at most {self._max_bytes:,} bytes in UTF-8")
        if not is_carriable(text):
            raise ParameterValidationFailure({"message": "contains a character that XML cannot represent"})

    def custom_content(self, uri: str) -> str:
        """The data URI of any type that comes along with an invitation, as it is. EntityTooLarge: it is longer than a
        message may be. ParameterValidationFailure: it is no data URI.
        """
        if len(uri) > self._max_bytes:
            raise EntityTooLarge(f"customContent may have at most {self._max_bytes:,} characters")
        if not is_data_uri(uri):
            raise ParameterValidationFailure({"customContent": "is not a data URI"})
        return uri

    def first_message(self, uri: str) -> FirstMessage:
        """The message in a data URI. ParameterValidationFailure: it is neither plain text nor HTML. Also raises what
        `check` raises.
        """
        if len(uri) > 4 * self._max_bytes + 1_000:  # percent-encoded in full, with a head
            raise EntityTooLarge(f"a message may have at most {self._max_bytes:,} bytes in UTF-8")
        try:
            content_type, text = read_data_uri(uri)
        except ValueError as error:
            raise ParameterValidationFailure({"message": str(error)}) from None
        if content_type not in MESSAGE_TYPES:
            raise ParameterValidationFailure({"message": f"must be one of {', '.join(MESSAGE_TYPES)}"})
        self.check(text)
        return FirstMessage(content_type, text)
