"""The revisions of the log, each from the one before. What one says is never changed."""
