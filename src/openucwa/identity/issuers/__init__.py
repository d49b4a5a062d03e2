"""OpenID Connect: access tokens of other issuers, and passwords that they verify.

`provider.py` speaks with one issuer, `keys.py` has its keys, `claims.py` says what a token's claims mean here, and
`tokens.py` puts them together. How a refusal is answered is decided elsewhere.
"""
