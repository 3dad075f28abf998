"""Carrying out sound programs on many recordings at once with torch, on any device. Its modules import torch; this one does not."""
