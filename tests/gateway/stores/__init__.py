"""The store contract, sentence by sentence, on every store; and what only the embedded one does."""
