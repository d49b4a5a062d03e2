"""What is HTTP and not UCWA: routing, who is calling, the order of checks, formats, conditions, errors, connections."""
