"""LDAP: passwords verified by an organisation's directory, and its users' profiles.

`connection.py` is one connection, `entries.py` interprets entries, and `directory.py` combines them. Requires the extra
`openucwa[ldap]`, which nothing else in the package imports.
"""
