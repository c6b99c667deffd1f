"""The laboratory: whole lives of gateways in one event loop whose time is ours.

The real application (api, engine, workers, safeguards, stores) runs against a simulated upstream,
vendor, receivers, callers and operators. Every fault is drawn from the seed, every seed ends
without faults and is judged by what was seen from outside. docs/evidence.md says what is simulated
and what is not.
"""
