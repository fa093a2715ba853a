"""What the command line offers: plain functions, and the thin shells that Faust's CLI sees."""
