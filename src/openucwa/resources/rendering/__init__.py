"""Rendering for resources and events: documents as one application sees them."""
