"""Rows that cannot both be true: found by rules that are data, judged set-wise, kept up to date."""
