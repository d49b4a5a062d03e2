"""What a resource of the API is, and the way of a request to it: checks, errors, rendering, caching, description."""
