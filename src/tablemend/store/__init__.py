"""This tool's own state: datasets, runs, items, decisions, change sets."""
