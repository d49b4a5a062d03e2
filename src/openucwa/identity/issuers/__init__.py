"""OpenID Connect: access tokens of other issuers, and passwords verified by them.

`provider.py` sends requests to one issuer, `keys.py` caches its keys, `claims.py` maps claims to users and scopes,
`tokens.py` verifies tokens, `passwords.py` verifies passwords.
"""
