"""One workflow in virtual time: under this gateway, and under native v1 failover."""
