"""One module per UCWA resource family, named after it: what a resource shows, and what its methods do."""
