"""`make fault-test`: let each write and each fsync of the store fail, and compare.

A real gateway runs under a library that is loaded before all others and makes the n-th write,
fsync or truncation of the store's files fail (`shim.c`). Callers' answers are written down, the
process ends, as it does by itself or by kill -9, and a gateway without the library takes the same
file over. What it sends shows what came back. Reading order: `shim.py` (what can be made to fail),
`nursery.py` (how a gateway is started), `rounds.py` (how a round goes, and what must hold).
"""
