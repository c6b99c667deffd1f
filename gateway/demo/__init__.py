"""One real workflow through HTTP, told as it happens, on this machine alone."""
