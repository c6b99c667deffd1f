"""Where dispatches live: the contract (`base`), its encodings (`codec`) and the stores."""
