"""Lint: what the texts of a data set speak of, and which steps of a policy they would allow, before anything is augmented. See `run`."""
