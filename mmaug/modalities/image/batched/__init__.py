"""Carrying out picture programs on many pictures at once with torch, on any device. Its modules import torch; this one does not."""
