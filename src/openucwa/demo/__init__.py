"""A demo server, and a client that walks through its API."""
