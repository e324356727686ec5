"""The terminal: how answers are shown to people there."""
