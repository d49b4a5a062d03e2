"""What the figures in docs/performance.md come from: `make bench`, that is `python -m bench`.

Here belongs what starts servers, lays load on them, measures and prints; nothing that the server itself needs.
"""
