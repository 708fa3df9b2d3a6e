"""Detectors: each reads a workbench and proposes repairs, with a confidence measured on the table itself."""
