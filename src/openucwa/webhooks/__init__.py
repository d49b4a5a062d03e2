"""Webhooks: what is delivered to whom, how it is signed and sent, and when it is tried again."""
