"""The statute: acts, dates, timelines, rules and the fold; the standard library only."""
