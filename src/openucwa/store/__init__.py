"""Where everything is kept: one contract, one package for each engine, rows in and model objects out."""
