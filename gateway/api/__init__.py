"""Requests in: the legacy endpoint, the v1 webhooks, the state, health."""
