"""Benchmarks of the worker. Compare ratios within one run on one machine, not seconds."""
