"""How fast it is, measured on one machine in one run: ratios are the verdict, not seconds."""
