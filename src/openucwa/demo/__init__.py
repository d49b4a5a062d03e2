"""A server to look at, and a client that shows what it does."""
