"""What people may see of each other: rules, without HTTP and SQL."""
