"""The gate: instructions per request, and what happens when they become more."""
