"""One module per family of UCWA resources, named after it."""
