"""The agents: one per concern. They wire; what they decide stands in the plain rooms."""
