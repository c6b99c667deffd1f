"""Other ways to serve a request than sending it: forwarding, splitting, pairing, recording."""
