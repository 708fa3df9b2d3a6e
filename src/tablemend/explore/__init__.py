"""Explore: matrices of measurements, entities × features, every question of them answered at once."""
