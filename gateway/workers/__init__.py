"""Work out: what a commit asked for is performed here, from the outbox and the timer index."""
