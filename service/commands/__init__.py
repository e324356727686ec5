"""The commands of the command line, each group in a room of its own."""
