"""The two forms of a document, JSON and XML, both ways. Knows no rel by name."""
