"""JSON in text columns."""

from collections.abc import Mapping

import msgspec

from openucwa.model.application import Communication
from openucwa.model.conversation import Span

_encoder = msgspec.json.Encoder()
spans = msgspec.json.Decoder(tuple[Span, ...]).decode
strings = msgspec.json.Decoder(tuple[str, ...]).decode
numbers = msgspec.json.Decoder(dict[str, int]).decode
facts = msgspec.json.Decoder(dict[str, object]).decode
communication = msgspec.json.Decoder(Communication).decode


def json(value: tuple[str, ...] | tuple[Span, ...] | Mapping[str, object] | Mapping[str, int] | Communication) -> str:
    """`value` as JSON, for a text column."""
    return _encoder.encode(value).decode()
