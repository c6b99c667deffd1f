"""Recorded workflows: one record each, from the request to the last thing that was told."""
