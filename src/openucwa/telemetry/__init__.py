"""What a server says of itself to those who run it: log, metrics, traces, health.

Nothing here knows UCWA; what a request was about is in its `Response`.
"""
