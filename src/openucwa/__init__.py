"""openucwa: an open, self-hosted server of the UCWA 2.0 online-meetings API."""

__version__ = "0.2.0"
