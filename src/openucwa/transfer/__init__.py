"""Data in and out of a store, as files: JSON Lines of this server's own, and the events of other calendars."""
