"""Backups: a ledger as it is at one moment, whole or not there, and its way back.

What is in one is told by its manifest (`backup.manifest`). It is taken from snapshots of each
database (`backup.snapshots`, `backup.taking`) while services go on recording, and restored into an
empty place only if it verifies (`backup.restoring`). The file that remembers what was signed is
never in one: it is what tells that a backup is older than that.
"""
