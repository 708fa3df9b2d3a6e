"""Alerts of a workspace."""
