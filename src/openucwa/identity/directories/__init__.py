"""LDAP: passwords that an organisation's directory verifies, and what it says of its users.

`connection.py` is one connection, `entries.py` says what an entry means here, and `directory.py` puts them together.
It needs the extra `openucwa[ldap]`, and nothing else in the package imports that.
"""
