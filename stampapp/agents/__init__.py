"""Faust agents: consume alerts, publish results."""
