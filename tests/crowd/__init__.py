"""A crowd at a real gateway: one account that wants too much, and others that must not notice."""
