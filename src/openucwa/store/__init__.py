"""The store: one contract, a package for each engine; rows in, model objects out."""
