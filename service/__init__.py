"""The door: HTTP, command line, settings, the log, the vault, and their composition."""
