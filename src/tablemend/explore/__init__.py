"""Matrices of entities and features: rankings, comparisons and what is behind them, at the speed of a click."""
