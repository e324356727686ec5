"""The questions: each with its tables, how an entry changes them, and how it is asked."""
