"""Items, gates and decisions: what every capability decides through."""
