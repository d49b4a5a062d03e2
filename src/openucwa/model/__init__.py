"""What the server speaks of: frozen records, the refusals of the domain, and the world outside.

A leaf: nothing here imports anything else of openucwa, knows HTTP, or knows SQL.
"""
