"""Sound ops: time, level and channels, and the executor that fuses them."""
