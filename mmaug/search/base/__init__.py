"""What all searchers share: the space, what is asked of a task, the result, the journal, the driver."""
