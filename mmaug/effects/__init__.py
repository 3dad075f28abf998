"""What steps do to the world of a row, composed: where things went, what is in view, colours, times, sound."""
