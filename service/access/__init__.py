"""Access: who comes in, with which key, and what they have read."""
