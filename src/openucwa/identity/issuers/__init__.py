"""OpenID Connect: access tokens of other issuers, and passwords verified by them.

`provider.py` talks to one issuer, `keys.py` has its keys, `claims.py` interprets a token's claims, and `tokens.py`
combines them. Refusals are rendered elsewhere.
"""
