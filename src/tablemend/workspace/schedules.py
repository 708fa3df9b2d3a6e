"""Schedules of a workspace."""
