"""Asking: every question has a path, and every answer a basis."""
