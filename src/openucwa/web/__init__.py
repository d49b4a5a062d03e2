"""Pages, scripts and styles. Clients of the public API like any other: no private door."""
