"""What sets two runs of one workflow apart, and whether it matters."""
