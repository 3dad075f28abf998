"""What captions say, and edits that keep them true. English only; no word list is loaded before it is needed."""
