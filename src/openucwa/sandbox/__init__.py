"""The sandbox: a server in memory for the tests of clients, whose clock, chance and failures are theirs to decide."""
