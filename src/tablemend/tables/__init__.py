"""Reading any source into an immutable snapshot, and writing a snapshot back out."""
