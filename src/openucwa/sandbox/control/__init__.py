"""The control resources below /sandbox: JSON, without tokens, described by /sandbox/openapi.json."""
