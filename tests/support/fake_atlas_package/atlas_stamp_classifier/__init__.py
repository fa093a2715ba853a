"""A fake of ALeRCE's package of this name: the same interface, no network."""
