"""Event channels: the long poll, the event buses, and the activity of applications.

Knows no resource by name and no HTTP; the caller of a poll says how events are rendered.
"""
