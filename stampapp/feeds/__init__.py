"""Alerts from files or the simulation, published at a rate or written to files."""
