"""Named benchmark cases, each beside a baseline in the same process."""
