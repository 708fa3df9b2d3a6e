"""What would make it right: detectors, operations, apply, undo, recipes."""
