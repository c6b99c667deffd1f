"""`make bench`: every ratio that the documents speak of, measured side by side in this run.

Takes about six minutes and a gigabyte and a half of disk, and ends by itself. A name picks one
part: `python -m benchmarks cycles`.
"""

from __future__ import annotations

import subprocess
import sys

PARTS = ("cycles", "commits", "timers", "clients", "signatures", "logs", "offline", "observe")


def main() -> None:
    """Run the parts named, or all of them, each in a process of its own."""
    wanted = sys.argv[1:] or PARTS
    for part in wanted:
        if part not in PARTS:
            sys.exit(f"{part} is no part; there are {', '.join(PARTS)}")
    for part in wanted:
        print(f"\n== {part}", flush=True)
        # What one part pins, caches or fragments does not reach the next one.
        command = f"from benchmarks import {part}; {part}.main()"
        subprocess.run([sys.executable, "-c", command], check=True)


if __name__ == "__main__":
    main()
