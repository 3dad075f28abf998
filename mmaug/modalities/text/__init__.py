"""Text ops: which captions to use, and wording."""
