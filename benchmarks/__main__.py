"""`make bench`: every ratio that the documents speak of, measured side by side in this run."""

from __future__ import annotations

from benchmarks import cycles


def main() -> None:
    """Run all benchmarks, one after the other."""
    cycles.main()


if __name__ == "__main__":
    main()
