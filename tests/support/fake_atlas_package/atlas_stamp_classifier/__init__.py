"""Stands in for ALeRCE's package of this name: the same interface, no network."""
