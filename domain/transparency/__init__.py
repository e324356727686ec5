"""The log as others verify it: a Merkle tree, and the forms in which it is published (C2SP)."""
