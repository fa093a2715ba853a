"""A night in small: a broker, a worker, a stream of alerts, and a table that grows."""
