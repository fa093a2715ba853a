"""The demo: a broker, workers, a stream of alerts, and a table of results."""
