"""Mutated requests, and mutated webhooks under valid signatures, against a whole gateway.

`python -m tests.fuzz` (`make fuzz`) sends many; `tests/test_fuzz.py` is the short form. Each case
is made from a seed and a number alone, so that one that fails is made again with `--only`.
"""
