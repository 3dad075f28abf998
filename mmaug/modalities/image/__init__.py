"""Picture ops: geometry, colour and erasing, and the executor that fuses them."""
