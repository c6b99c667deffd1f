"""Published clients of Dispatch, unmodified, against a running gateway."""
