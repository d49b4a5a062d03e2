"""What is asked of every server alike: the extensions, their size, the words of a request."""

import json

#: An extension's own properties: 200 bytes of compact JSON.
TEXT = {"text": "x" * 189}
PROPERTIES = json.dumps(TEXT, separators=(",", ":")).encode()

TYPE = "RoamedOrganizerData"

#: What a PUT has to pass on (docs/protocol.md).
PASS_THROUGH = {"4c093470-df6e-54cb-84ec-2a4f9099f84c": "please pass this in a PUT request"}

#: The bodies of POST, where the server chooses the id, and of PUT.
NEW = json.dumps({"type": TYPE, **TEXT}, separators=(",", ":")).encode()
CHANGED = json.dumps({"type": TYPE, **TEXT, **PASS_THROUGH}, separators=(",", ":")).encode()

JSON = "Accept: application/json"
XML = "Accept: application/xml"
