"""Augmentations that are networks: what their graph is, the network itself, its file. Used by `image.neural`, `audio.neural` and search."""
