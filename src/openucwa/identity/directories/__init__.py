"""LDAP: passwords verified by a directory, and the details of its users.

`connection.py` is one connection, `entries.py` builds filters and maps entries to users, `directory.py` verifies
passwords. Needs the extra `openucwa[ldap]`.
"""
