"""The questions: what a ledger tells of one day, as pure functions of what is known."""
