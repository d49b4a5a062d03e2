"""The domain model: frozen records, refusals, and `World`. Imports nothing else of openucwa; no HTTP, no SQL."""
