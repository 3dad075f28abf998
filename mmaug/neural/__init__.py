"""Augmentations that are networks: what their graph is, the network itself, and its file. Used by the op `image.neural` and by search."""
