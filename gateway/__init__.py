"""Keeps a Dispatch API v0.1 integration working on the Messages API v1."""

__version__ = "0.1.0"
