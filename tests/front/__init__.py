"""Floods against a real gateway process: `make front-test`, and a short form in the suite."""
