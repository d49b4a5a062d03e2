"""The resource API: resource declarations, the request pipeline, errors, rendering, response caching and OpenAPI."""
