"""Sockets, TLS, HTTP/1.1 and the process that serves: bytes become a `Request`, a `Response` becomes bytes.

Nothing here knows UCWA: what is served is a `Handler` (`http/message.py`).
"""
