"""The pages: each has a layout for an address, and callbacks."""
