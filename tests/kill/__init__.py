"""`make kill-test`: kill -9 the gateway at random instants, again and again, and compare.

Gateway and simulated upstream are real processes on loopback, made of nothing but environment
variables. What callers were told, what people were sent and what the application received is
written down outside of both, and compared when all is quiet: nothing lost, nothing twice, nothing
out of order. Reading order: `workflows.py` (what is posted), `harness.py` (how a run goes),
`checks.py` (what must hold).
"""
