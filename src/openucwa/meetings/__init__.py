"""What a meeting, an extension and an audience are: rules, defaults, limits. No HTTP, no SQL."""
