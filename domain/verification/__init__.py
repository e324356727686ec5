"""Whether what is stored is what was recorded: checks of the stored bytes, that trust nothing."""
