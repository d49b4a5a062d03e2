"""Log, metrics, traces and health, for operators. Knows no UCWA; a `Response` says what its request was about."""
