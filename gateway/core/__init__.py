"""The failover machine: `decide(state, event, now)`, and nothing that performs anything.

Pure: the standard library only, without clocks, randomness, sockets or logs.
"""
