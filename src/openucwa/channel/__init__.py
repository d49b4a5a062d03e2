"""The event log as one application sees it: the long poll, the bus that wakes it, and when an application was heard.

Knows no resource by name and no HTTP; what an event is in an application's own terms it is told by who polls.
"""
