"""The revisions of the access log, each from the one before. What one says is never changed."""
