"""The rules of meetings, extensions and admission: input, defaults, limits. No HTTP, no SQL."""
