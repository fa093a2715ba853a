"""Train and evaluate the networks, and compare simulated alerts with real ones."""
