"""Documents and their JSON and XML forms, both ways. Knows no rel by name."""
