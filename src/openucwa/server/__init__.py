"""Sockets, TLS, HTTP/1.1 and the process: turns bytes into a `Request` and a `Response` into bytes.

Knows no UCWA; it serves a `Handler` (`http/message.py`).
"""
