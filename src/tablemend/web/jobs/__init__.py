"""Work in the background: worker processes, what they do, and who is told of it."""
