"""The command line: one module per command, each imported when its command runs."""
