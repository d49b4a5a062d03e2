"""The change log for those who follow it: cursors, and waiting at its end."""
