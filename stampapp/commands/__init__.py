"""The command line: one module per command, and cli_*.py, which declare them to Faust."""
