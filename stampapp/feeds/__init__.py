"""Simulated alerts on their way: drawn in their order, published at a pace, or written to files."""
