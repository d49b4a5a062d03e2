"""Authentication: passwords, tokens, the grants that turn one into the other, and throttling.

Knows no HTTP beyond OAuth's own terms, and does not decide what a caller may do.
"""
