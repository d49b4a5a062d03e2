"""Sockets, HTTP/1.1 and the process; it knows no UCWA."""
