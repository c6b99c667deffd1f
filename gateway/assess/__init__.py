"""A corpus of payloads, turned into a migration report."""
