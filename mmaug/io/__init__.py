"""Data sets on disk: read a folder, write an augmented copy of it."""
