"""Mutants: small faults put into the code one at a time, each of which some test must notice.

A runner of our own, because what is at hand does not fit (looked at in November 2026): mutmut 3.8
and cosmic-ray 8.7 mutate neither dropped calls nor SQL, where most of what a store does is written,
and draw no sample that a seed gives again; cosmic-ray runs the same tests for every mutant, and
mutatest has not been made for a Python since 3.8.
"""
