"""`python -m gateway` is `dispatch-gateway`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # Scripts ask this often, and parsing the question takes three times as long as answering.
        from gateway import __version__  # noqa: PLC0415

        sys.stdout.write(f"dispatch-gateway, version {__version__}\n")
        return
    from gateway.cli.main import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
