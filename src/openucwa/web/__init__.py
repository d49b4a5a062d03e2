"""Pages, scripts and styles. They are clients of the public API, without any private access."""
