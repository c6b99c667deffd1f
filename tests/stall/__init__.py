"""Stop or kill a real gateway over its expiries, and count who was messaged twice."""
