"""Who is calling: tickets, passwords, the grants that turn the one into the other, and what slows guessing down.

Nothing here knows HTTP beyond OAuth's own words, and nothing here decides what a caller may do.
"""
