"""Profile and checks of a database table, computed in that database."""
