"""Following the log: entries told to many at once as they are recorded."""
