"""Trains the network family on labelled alerts, judges it, and measures simulation against sky."""
