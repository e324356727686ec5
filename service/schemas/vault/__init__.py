"""The revisions of the vault, each from the one before. What one says is never changed."""
