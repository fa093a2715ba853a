"""A third survey for tests: each module is what a new survey puts into the package of its name."""
