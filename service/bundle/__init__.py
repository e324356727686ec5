"""The audit bundle: a log in one file, and all it takes to verify it where nothing is installed."""
