"""Alerts as the surveys would send them, made from the physics that a stamp shows."""
