"""News and market intelligence: stories read, grouped, scored, gated and told in a brief."""
