"""HTTP: messages as values, and the grammar of headers and bodies. Pure functions; no sockets, no UCWA."""
