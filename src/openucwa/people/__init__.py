"""Rules of visibility between people, without HTTP and SQL."""
